"""An image is shown, and a message said about it."""

from asking import MODEL, client, same, user
from picture import BASE64, arrived

image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": BASE64}}
ask = user([{"type": "text", "text": "What is it?"}, image])
message = client().messages.create(model=MODEL, max_tokens=64, messages=[ask])
same(message.content[-1].text, "The water passes at ")
assert arrived()
