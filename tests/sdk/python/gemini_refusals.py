"""Refusals and broken streams arrive as the exceptions of Google's SDK, with the words of whoever refused.

The simulated provider is told at MOCK_URL what to do: the SDK has no place for options of a request.
"""

import json
import os
import urllib.request

from google import genai
from google.genai import errors

from asking import same

sdk = genai.Client()
ask = dict(model="gemini-mock-1", contents="A line, please.")


def behave(**options):
    body = json.dumps(options).encode()
    urllib.request.urlopen(f"{os.environ['MOCK_URL']}/mock/config", data=body).close()


def refused(answer):
    try:
        for _ in answer():
            pass
    except errors.APIError as refusal:
        return refusal
    raise AssertionError("nothing was refused")


def whole():
    return [sdk.models.generate_content(**ask)]


def streamed():
    return sdk.models.generate_content_stream(**ask)


stranger = genai.Client(api_key="weir_default_unknown")
unknown = refused(stranger.models.list)
same((unknown.code, unknown.status), (401, "UNAUTHENTICATED"))

behave(status=429)
for answer in (whole, streamed):
    limited = refused(answer)
    same((limited.code, limited.status), (429, "RESOURCE_EXHAUSTED"))

behave(status=None, error_after=2)
same(refused(streamed).message, "Overloaded")

behave(error_after=None, close_after=2)
cut = refused(streamed)
same((cut.code, cut.status), (502, "UNAVAILABLE"))
same(cut.details["error"]["details"][0]["reason"], "weir_upstream_broke_off")
