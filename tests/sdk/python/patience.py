"""Every SDK waits for an answer in one piece, of which nothing comes before it is there. All ask at once."""

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
    return anthropic.Anthropic(max_retries=0).messages.create(**request).content[0].text


def chat():
    return sdk.chat.completions.create(model=GPT, messages=messages).choices[0].message.content


def response():
    return sdk.responses.create(model=GPT, input="A line, please.").output_text


def gemini():
    ask = dict(model="gemini-mock-1", contents="A line, please.")
    return google.models.generate_content(**ask).text


with ThreadPoolExecutor() as pool:
    for said in [pool.submit(ask) for ask in (message, chat, response, gemini)]:
        same(said.result(), TEXT)
