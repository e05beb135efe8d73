"""An image is shown to Google's models, in bytes of its own."""

from google import genai
from google.genai import types

from asking import same
from picture import BYTES, arrived

contents = ["What is it?", types.Part.from_bytes(data=BYTES, mime_type="image/png")]
sdk = genai.Client()
whole = sdk.models.generate_content(model="gemini-mock-1", contents=contents)
same(whole.text, "The water passes at ")
assert arrived()
