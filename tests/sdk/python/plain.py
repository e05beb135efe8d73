"""A message in one piece, with its usage and the provider's request id."""

from asking import MODEL, client, same, user

raw = client().messages.with_raw_response.create(
    model=MODEL, max_tokens=64, messages=[user("A line, please.")]
)
message = raw.parse()
same(message.content[0].text, "The water passes at ")
same(message.stop_reason, "end_turn")
same(message.model, MODEL)
same((message.usage.input_tokens, message.usage.output_tokens), (11, 4))
same(message.usage.cache_read_input_tokens, 7)
assert message.id.startswith("msg_")
assert raw.headers["request-id"].startswith("req_")
assert raw.headers["x-weir-request-id"]
