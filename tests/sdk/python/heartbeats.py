"""Every SDK reads a stream that begins with heartbeats and has some inside as if there were none. All ask at once."""

from concurrent.futures import ThreadPoolExecutor

import anthropic
import openai
from google import genai

from asking import MODEL, same, user
from openai_asking import MODEL as GPT

TEXT = "The water passes at "
messages = [user("A line, please.")]
sdk = openai.OpenAI(max_retries=0)
google = genai.Client()


def message():
    request = dict(model=MODEL, max_tokens=64, messages=messages)
    with anthropic.Anthropic(max_retries=0).messages.stream(**request) as stream:
        return stream.get_final_text()


def chat():
    chunks = sdk.chat.completions.create(model=GPT, messages=messages, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def response():
    with sdk.responses.stream(model=GPT, input="A line, please.") as stream:
        return stream.get_final_response().output_text


def gemini():
    ask = dict(model="gemini-mock-1", contents="A line, please.")
    return "".join(chunk.text for chunk in google.models.generate_content_stream(**ask))


with ThreadPoolExecutor() as pool:
    for said in [pool.submit(ask) for ask in (message, chat, response, gemini)]:
        same(said.result(), TEXT)
