"""A tool is called, in one piece and as a stream, and its result is taken back."""

from asking import MODEL, WEATHER, client, same, user

ask = user("Will it rain in Delft?")
request = dict(model=MODEL, max_tokens=64, tools=[WEATHER])


def call_of(message):
    same(message.stop_reason, "tool_use")
    call = message.content[-1]
    same((call.type, call.name, call.input), ("tool_use", "weather", {"place": "mock", "days": 1}))
    return call


whole = client().messages.create(messages=[ask], **request)
call_of(whole)

with client().messages.stream(messages=[ask], **request) as stream:
    pieces = [event.partial_json for event in stream if event.type == "input_json"]
    streamed = stream.get_final_message()
assert len(pieces) > 1, "the input came in one piece"
call = call_of(streamed)

result = {"type": "tool_result", "tool_use_id": call.id, "content": "Rain until noon."}
answered = client().messages.create(
    messages=[ask, {"role": "assistant", "content": streamed.content}, user([result])], **request
)
same(answered.stop_reason, "end_turn")
