"""Every SDK reads a stream that begins with heartbeats and has some inside as if there were none."""

import anthropic
import openai
from google import genai

from asking import MODEL, same, user

TEXT = "The water passes at "
messages = [user("A line, please.")]

with anthropic.Anthropic(max_retries=0).messages.stream(
    model=MODEL, max_tokens=64, messages=messages
) as stream:
    same(stream.get_final_text(), TEXT)

sdk = openai.OpenAI(max_retries=0)
chunks = list(sdk.chat.completions.create(model="gpt-mock-1", messages=messages, stream=True))
same("".join(chunk.choices[0].delta.content or "" for chunk in chunks), TEXT)
with sdk.responses.stream(model="gpt-mock-1", input="A line, please.") as stream:
    same(stream.get_final_response().output_text, TEXT)

ask = dict(model="gemini-mock-1", contents="A line, please.")
google = genai.Client()
chunks = list(google.models.generate_content_stream(**ask))
same([chunk.text for chunk in chunks], ["The ", "water ", "passes ", "at "])
