"""Refusals and broken streams arrive as the SDK's own exceptions, with the words of whoever refused."""

import openai

from asking import same, user
from openai_asking import MODEL, client, raised

chat = client().chat.completions.create
responses = client().responses.create


def mocked(options):
    return {"extra_query": {"mock": options}}


missing = raised(openai.NotFoundError, lambda: chat(model="no-such-model", messages=[user("hi")]))
same(missing.code, "model_not_found")

for create, request in ((chat, {"messages": [user("hi")]}), (responses, {"input": "hi"})):
    request = dict(model=MODEL, **request)
    limited = raised(
        openai.RateLimitError, lambda: create(**request, **mocked("status=429;retry_after=7"))
    )
    same((limited.code, limited.response.headers["retry-after"]), ("rate_limit_exceeded", "7"))

    stream = dict(stream=True, **request)
    failed = raised(openai.APIError, lambda: create(**stream, **mocked("error_after=4")))
    same(failed.message, "Overloaded")

    cut = raised(openai.APIError, lambda: create(**stream, **mocked("close_after=4")))
    same(cut.code, "weir_upstream_broke_off")

stranger = openai.OpenAI(api_key="weir_default_unknown", max_retries=0)
unknown = raised(openai.AuthenticationError, lambda: stranger.models.list())
same(unknown.code, "weir_invalid_key")
