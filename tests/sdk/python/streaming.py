"""A message as a stream: by the SDK's own accumulator, and event by event."""

from asking import MODEL, client, same, user

request = dict(model=MODEL, max_tokens=64, messages=[user("A line, please.")])

with client().messages.stream(**request) as stream:
    pieces = list(stream.text_stream)
    message = stream.get_final_message()
same(pieces, ["The ", "water ", "passes ", "at "])
same(message.content[0].text, "".join(pieces))
same(message.stop_reason, "end_turn")
same((message.usage.input_tokens, message.usage.output_tokens), (11, 4))

events = [event.type for event in client().messages.create(stream=True, **request)]
deltas = ["content_block_delta"] * 4
same(
    events,
    ["message_start", "content_block_start", *deltas, "content_block_stop", "message_delta", "message_stop"],
)
