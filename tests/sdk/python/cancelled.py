"""A stream is left after its first text: the test sees afterwards that nothing is held."""

from asking import MODEL, client, user

with client().messages.create(
    model=MODEL,
    max_tokens=64,
    messages=[user("A long one, please.")],
    stream=True,
    extra_query={"mock": "chunks=1000;delay_ms=60000"},
) as stream:
    for event in stream:
        if event.type == "content_block_start":
            break
