"""OpenAI's SDK on accounts of Anthropic's: in one piece, as a stream, with a thought, images and parallel tools, and errors."""

import openai

from asking import same, user
from openai_asking import MODEL, client

completions = client().chat.completions
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
ask = user([{"type": "text", "text": "What is it?"}, image])
request = dict(model=MODEL, messages=[{"role": "system", "content": "Be brief."}, ask])

whole = completions.create(**request)
message = whole.choices[0].message
same((message.content, message.reasoning_content), ("The water passes at ", "Water has to be let through."))
same((whole.object, whole.choices[0].finish_reason, whole.model), ("chat.completion", "stop", "claude-mock-1"))
same((whole.usage.prompt_tokens, whole.usage.completion_tokens), (18, 4))
same(whole.usage.prompt_tokens_details.cached_tokens, 7)

chunks = list(completions.create(stream=True, **request))
assert all(chunk.choices for chunk in chunks), "a chunk that nobody asked for"
same("".join(chunk.choices[0].delta.content or "" for chunk in chunks), "The water passes at ")

options = {"include_usage": True}
chunks = list(completions.create(stream=True, stream_options=options, **request))
same((chunks[-1].choices, chunks[-1].usage.prompt_tokens), ([], 18))

schema = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
weather = {"type": "function", "function": {"name": "weather", "parameters": schema}}
with completions.stream(tools=[weather], **request) as stream:
    choice = stream.get_final_completion().choices[0]
same(choice.finish_reason, "tool_calls")
calls = choice.message.tool_calls
same([(call.function.name, call.function.arguments) for call in calls], [("weather", '{"place":"mock"}')] * 2)
assert calls[0].id != calls[1].id

results = [{"role": "tool", "tool_call_id": call.id, "content": "Rain until noon."} for call in calls]
history = [*request["messages"], choice.message.model_dump(exclude_unset=True), *results]
answered = completions.create(model=MODEL, messages=history, tools=[weather])
same(answered.choices[0].finish_reason, "stop")


def refused(expected, **more):
    try:
        completions.create(**(request | more))
    except expected as refusal:
        return refusal
    raise AssertionError(f"no {expected.__name__}")


missing = refused(openai.NotFoundError, model="gpt-none")
same(missing.type, "invalid_request_error")
unsaid = refused(openai.BadRequestError, n=2)
same(unsaid.code, "weir_untranslatable")
assert "`n`" in unsaid.message
