"""An image is shown, and responded to."""

from asking import same, user
from openai_asking import MODEL, client
from picture import URL, arrived

image = {"type": "input_image", "image_url": URL, "detail": "auto"}
ask = user([{"type": "input_text", "text": "What is it?"}, image])
same(client().responses.create(model=MODEL, input=[ask]).output_text, "The water passes at ")
assert arrived()
