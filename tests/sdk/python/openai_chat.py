"""Chat completions: in one piece, as a stream with and without its usage, and with a tool."""

from asking import same, user
from openai_asking import MODEL, client

sdk = client()
request = dict(model=MODEL, messages=[user("A line, please.")])

whole = sdk.chat.completions.create(**request)
same(whole.choices[0].message.content, "The water passes at ")
same((whole.usage.prompt_tokens, whole.usage.completion_tokens), (18, 4))
same(whole.usage.prompt_tokens_details.cached_tokens, 7)

chunks = list(sdk.chat.completions.create(stream=True, **request))
assert all(chunk.choices for chunk in chunks), "a chunk that nobody asked for"
same("".join(chunk.choices[0].delta.content or "" for chunk in chunks), "The water passes at ")

options = {"include_usage": True}
chunks = list(sdk.chat.completions.create(stream=True, stream_options=options, **request))
same((chunks[-1].choices, chunks[-1].usage.completion_tokens), ([], 4))

schema = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
weather = {"type": "function", "function": {"name": "weather", "parameters": schema}}
with sdk.chat.completions.stream(tools=[weather], **request) as stream:
    message = stream.get_final_completion().choices[0].message
(call,) = message.tool_calls
same((call.function.name, call.function.arguments), ("weather", '{"place":"mock"}'))

result = {"role": "tool", "tool_call_id": call.id, "content": "Rain until noon."}
messages = [*request["messages"], message.model_dump(exclude_unset=True), result]
answered = sdk.chat.completions.create(model=MODEL, messages=messages, tools=[weather])
same(answered.choices[0].finish_reason, "stop")
