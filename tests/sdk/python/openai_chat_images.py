"""An image is shown in a chat, which is completed."""

from asking import same, user
from openai_asking import MODEL, client
from picture import URL, arrived

image = {"type": "image_url", "image_url": {"url": URL}}
ask = user([{"type": "text", "text": "What is it?"}, image])
whole = client().chat.completions.create(model=MODEL, messages=[ask])
same(whole.choices[0].message.content, "The water passes at ")
assert arrived()
