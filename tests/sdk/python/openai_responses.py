"""Responses: in one piece, event by event, by the SDK's own accumulator, and with a tool."""

from asking import same
from openai_asking import MODEL, client

sdk = client()
request = dict(model=MODEL, input="A line, please.")

whole = sdk.responses.create(**request)
same(whole.output_text, "The water passes at ")
same((whole.usage.input_tokens, whole.usage.output_tokens), (18, 4))

events = list(sdk.responses.create(stream=True, **request))
same((events[0].type, events[-1].type), ("response.created", "response.completed"))
same([event.sequence_number for event in events], list(range(len(events))))

with sdk.responses.stream(**request) as stream:
    pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
    final = stream.get_final_response()
same(pieces, ["The ", "water ", "passes ", "at "])
same(final.output_text, "".join(pieces))

schema = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
weather = {"type": "function", "name": "weather", "parameters": schema, "strict": False}
with sdk.responses.stream(tools=[weather], **request) as stream:
    final = stream.get_final_response()
same((final.output[-1].name, final.output[-1].arguments), ("weather", '{"place":"mock"}'))
