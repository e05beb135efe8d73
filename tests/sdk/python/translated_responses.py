"""OpenAI's SDK, its responses on accounts of Anthropic's: whole, as a stream, with a thought, parallel tools, and errors."""

import openai

from asking import same, user
from openai_asking import MODEL, client

responses = client().responses
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
image = {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"}
ask = user([{"type": "input_text", "text": "What is it?"}, image])
request = dict(model=MODEL, instructions="Be brief.", input=[ask], store=False)

whole = responses.create(**request)
same([item.type for item in whole.output], ["reasoning", "message"])
same(whole.output[0].summary[0].text, "Water has to be let through.")
same((whole.output_text, whole.status, whole.model), ("The water passes at ", "completed", "claude-mock-1"))
same((whole.usage.input_tokens, whole.usage.output_tokens, whole.usage.total_tokens), (18, 4, 22))
same(whole.usage.input_tokens_details.cached_tokens, 7)

events = list(responses.create(stream=True, **request))
same((events[0].type, events[-1].type), ("response.created", "response.completed"))
same([event.sequence_number for event in events], list(range(len(events))))

schema = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
weather = {"type": "function", "name": "weather", "parameters": schema, "strict": False}
with responses.stream(tools=[weather], **request) as stream:
    pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
    final = stream.get_final_response()
same(pieces, ["The ", "water ", "passes ", "at "])
same(final.output_text, "".join(pieces))
calls = [item for item in final.output if item.type == "function_call"]
same([(call.name, call.arguments) for call in calls], [("weather", '{"place":"mock"}')] * 2)
assert calls[0].call_id != calls[1].call_id

results = [{"type": "function_call_output", "call_id": call.call_id, "output": "Rain until noon."} for call in calls]
history = [ask, *(item.model_dump(exclude_unset=True) for item in final.output), *results]
answered = responses.create(tools=[weather], **(request | {"input": history}))
same((answered.status, answered.output[-1].type), ("completed", "message"))


def refused(expected, **more):
    try:
        responses.create(**(request | more))
    except expected as refusal:
        return refusal
    raise AssertionError(f"no {expected.__name__}")


missing = refused(openai.NotFoundError, model="gpt-none")
same(missing.type, "invalid_request_error")
unsaid = refused(openai.BadRequestError, background=True)
same(unsaid.code, "weir_untranslatable")
assert "`background`" in unsaid.message
unknown = refused(openai.NotFoundError, previous_response_id=whole.id)
same(unknown.code, "previous_response_not_found")
