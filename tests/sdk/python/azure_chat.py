"""Chat completions of a resource of Azure's: a stream begins with what the filter says of the prompt, in no choice."""

from asking import same, user
from openai_asking import MODEL, client

sdk = client()
request = dict(model=MODEL, messages=[user("A line, please.")])

whole = sdk.chat.completions.create(**request)
same(whole.choices[0].message.content, "The water passes at ")
same((whole.usage.prompt_tokens, whole.usage.completion_tokens), (18, 4))

first, *chunks = list(sdk.chat.completions.create(stream=True, **request))
same(first.choices, [])
assert first.prompt_filter_results, "what the filter says is missing"
same("".join(chunk.choices[0].delta.content or "" for chunk in chunks), "The water passes at ")

schema = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
weather = {"type": "function", "function": {"name": "weather", "parameters": schema}}
with sdk.chat.completions.stream(tools=[weather], **request) as stream:
    message = stream.get_final_completion().choices[0].message
(call,) = message.tool_calls
same((call.function.name, call.function.arguments), ("weather", '{"place":"mock"}'))
