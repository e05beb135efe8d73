"""Anthropic's SDK on accounts of OpenAI's: in one piece, as a stream, with a thought, images and parallel tools, and errors."""

import anthropic

from asking import MODEL, WEATHER, client, same, user

sdk = client()
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
ask = user([{"type": "text", "text": "What is it?"}, image])
request = dict(model=MODEL, max_tokens=64, messages=[ask])

raw = sdk.messages.with_raw_response.create(**request)
whole = raw.parse()
same([block.type for block in whole.content], ["thinking", "text"])
same(whole.content[1].text, "The water passes at ")
same((whole.stop_reason, whole.model), ("end_turn", "gpt-mock-1"))
same((whole.usage.input_tokens, whole.usage.cache_read_input_tokens, whole.usage.output_tokens), (11, 7, 4))
assert raw.headers["request-id"].startswith("req_")

with sdk.messages.stream(**request) as stream:
    pieces = list(stream.text_stream)
    message = stream.get_final_message()
same(pieces, ["The ", "water ", "passes ", "at "])
same([block.type for block in message.content], ["thinking", "text"])
same(message.content[0].thinking, "Water has to be let through.")
same((message.usage.input_tokens, message.usage.output_tokens), (11, 4))

with sdk.messages.stream(tools=[WEATHER], **request) as stream:
    inputs = [event.partial_json for event in stream if event.type == "input_json"]
    called = stream.get_final_message()
assert len(inputs) > 2, "the inputs came in one piece"
same(called.stop_reason, "tool_use")
calls = [block for block in called.content if block.type == "tool_use"]
same([(call.name, call.input) for call in calls], [("weather", {"place": "mock", "days": 1})] * 2)
assert calls[0].id != calls[1].id

results = [{"type": "tool_result", "tool_use_id": calls[0].id, "content": [{"type": "text", "text": "Rain."}, image]}]
results.append({"type": "tool_result", "tool_use_id": calls[1].id, "content": "No such place.", "is_error": True})
history = [ask, {"role": "assistant", "content": called.content}, user(results)]
answered = sdk.messages.create(model=MODEL, max_tokens=64, tools=[WEATHER], messages=history)
same(answered.stop_reason, "end_turn")


def refused(expected, **more):
    try:
        sdk.messages.create(**(request | more))
    except expected as refusal:
        return refusal
    raise AssertionError(f"no {expected.__name__}")


missing = refused(anthropic.NotFoundError, model="claude-none")
same(missing.body["error"]["type"], "not_found_error")
unsaid = refused(anthropic.BadRequestError, container="c1")
same(unsaid.body["error"]["code"], "weir_untranslatable")
assert "`container`" in unsaid.body["error"]["message"]
