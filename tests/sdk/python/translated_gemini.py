"""Google's SDK on accounts of Anthropic's: in one piece, as a stream, in a chat, with a thought, parallel tools, and errors."""

from google import genai
from google.genai import errors, types

from asking import same

MODEL = "gemini-mock-1"
sdk = genai.Client()
thinking = types.ThinkingConfig(include_thoughts=True, thinking_budget=1024)
settings = dict(system_instruction="Be brief.", thinking_config=thinking, temperature=1, top_k=64)
request = dict(model=MODEL, contents="A line, please.", config=types.GenerateContentConfig(**settings))

whole = sdk.models.generate_content(**request)
(candidate,) = whole.candidates
same([(part.text, part.thought) for part in candidate.content.parts],
     [("Water has to be let through.", True), ("The water passes at ", None)])
same((whole.text, candidate.finish_reason.name, whole.model_version), ("The water passes at ", "STOP", "claude-mock-1"))
usage = whole.usage_metadata
same((usage.prompt_token_count, usage.cached_content_token_count, usage.candidates_token_count), (18, 7, 4))

chunks = list(sdk.models.generate_content_stream(**request))
same("".join(chunk.text or "" for chunk in chunks), "The water passes at ")
assert len(chunks) > 4, "it came in one piece"
same(chunks[-1].usage_metadata.total_token_count, 22)

chat = sdk.chats.create(model=MODEL)
same("".join(chunk.text or "" for chunk in chat.send_message_stream("First.")), "The water passes at ")
same(chat.send_message("Second.").text, "The water passes at ")
same([content.role for content in chat.get_history(curated=True)][-2:], ["user", "model"])

schema = {"type": "OBJECT", "properties": {"place": {"type": "STRING"}}, "required": ["place"]}
weather = {"name": "weather", "parameters": schema}
config = types.GenerateContentConfig(tools=[{"function_declarations": [weather]}], **settings)
called = sdk.models.generate_content(**(request | dict(config=config)))
calls = called.function_calls
same([(call.name, call.args) for call in calls], [("weather", {"place": "mock"})] * 2)
assert calls[0].id != calls[1].id

results = [types.Part.from_function_response(name=call.name, response={"output": "Rain."}) for call in calls]
history = [
    types.Content(role="user", parts=[types.Part.from_text(text="A line, please.")]),
    called.candidates[0].content,
    types.Content(role="user", parts=results),
]
answered = sdk.models.generate_content(model=MODEL, contents=history, config=config)
same((answered.function_calls, answered.text), (None, "The water passes at "))


def refused(**more):
    try:
        sdk.models.generate_content(**(request | more))
    except errors.ClientError as refusal:
        return refusal
    raise AssertionError("nothing was refused")


missing = refused(model="gemini-none")
same((missing.code, missing.status), (404, "NOT_FOUND"))
unsaid = refused(config=types.GenerateContentConfig(tools=[{"google_search": {}}]))
same((unsaid.code, unsaid.details["error"]["details"][0]["reason"]), (400, "weir_untranslatable"))
assert "`tools.0.googleSearch`" in unsaid.message
