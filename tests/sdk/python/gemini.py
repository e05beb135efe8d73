"""Google's SDK: whole answers, streams, chats, tokens, embeddings and models.

The address and the key come from GOOGLE_GEMINI_BASE_URL and GEMINI_API_KEY.
"""

from google import genai
from google.genai import types

from asking import same

MODEL = "gemini-mock-1"
sdk = genai.Client()
ask = dict(model=MODEL, contents="A line, please.")

whole = sdk.models.generate_content(**ask)
same(whole.text, "The water passes at ")
usage = whole.usage_metadata
same((usage.prompt_token_count, usage.cached_content_token_count), (18, 7))
same(usage.candidates_token_count, 4)

pieces = [chunk.text for chunk in sdk.models.generate_content_stream(**ask)]
same(pieces, ["The ", "water ", "passes ", "at "])

chat = sdk.chats.create(model=MODEL)
same(chat.send_message("First.").text, "The water passes at ")
same("".join(chunk.text for chunk in chat.send_message_stream("Second.")), "The water passes at ")

schema = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
weather = {"name": "weather", "parameters_json_schema": schema}
config = types.GenerateContentConfig(tools=[{"function_declarations": [weather]}])
(call,) = sdk.models.generate_content(config=config, **ask).function_calls
same((call.name, call.args), ("weather", {"place": "mock"}))

same(sdk.models.count_tokens(**ask).total_tokens, 11)
embedded = sdk.models.embed_content(model="gemini-embedding-001", contents=["one", "two"])
same([entry.values for entry in embedded.embeddings], [[0.6, 0.8]] * 2)
assert f"models/{MODEL}" in [model.name for model in sdk.models.list()]
