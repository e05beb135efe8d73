"""A refusal that passes is not seen by whoever asks Google's SDK to try again, which it does not by itself."""

from google import genai
from google.genai import types

from asking import same

again = types.HttpOptions(retry_options=types.HttpRetryOptions(attempts=3))
sdk = genai.Client(http_options=again)
whole = sdk.models.generate_content(model="gemini-mock-1", contents="A line, please.")
same(whole.text, "The water passes at ")
