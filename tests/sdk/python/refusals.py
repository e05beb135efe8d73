"""Refusals arrive as the SDK's own exceptions, with the words of whoever refused."""

import anthropic

from asking import MODEL, client, same, user


def refused(expected, sdk=None, **request):
    request = dict(model=MODEL, max_tokens=64, messages=[user("hi")]) | request
    try:
        (sdk or client()).messages.create(**request)
    except expected as refusal:
        return refusal
    raise AssertionError(f"no {expected.__name__}")


missing = refused(anthropic.NotFoundError, model="no-such-model")
same(missing.body["error"]["type"], "not_found_error")

limited = refused(anthropic.RateLimitError, extra_query={"mock": "status=429;retry_after=7"})
same(limited.response.headers["retry-after"], "7")
same(limited.body["error"]["type"], "rate_limit_error")

overloaded = refused(anthropic.OverloadedError, extra_query={"mock": "status=529"})
same(overloaded.body["error"]["type"], "overloaded_error")

stranger = anthropic.Anthropic(api_key="weir_default_unknown", max_retries=0)
unknown = refused(anthropic.AuthenticationError, sdk=stranger)
same(unknown.body["error"]["type"], "authentication_error")

refused(anthropic.BadRequestError, messages=[])

broken = dict(model=MODEL, max_tokens=64, messages=[user("hi")])
try:
    for _ in client().messages.create(stream=True, extra_query={"mock": "error_after=4"}, **broken):
        pass
    raise AssertionError("the error event went unnoticed")
except anthropic.APIStatusError as error:
    same(error.body["error"]["type"], "overloaded_error")
