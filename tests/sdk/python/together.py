"""What the scripts share in which every SDK asks at once: a client of each, what is asked, and what it is to read."""

from concurrent.futures import ThreadPoolExecutor

import anthropic
import openai
from google import genai

from asking import MODEL, same, user
from openai_asking import MODEL as GPT

PROMPT = "A line, please."
TEXT = "The water passes at "

claude = anthropic.Anthropic(max_retries=0)
sdk = openai.OpenAI(max_retries=0)
google = genai.Client()

message_request = dict(model=MODEL, max_tokens=64, messages=[user(PROMPT)])
chat_request = dict(model=GPT, messages=[user(PROMPT)])
response_request = dict(model=GPT, input=PROMPT)
gemini_request = dict(model="gemini-mock-1", contents=PROMPT)


def all_read_it(asks):
    with ThreadPoolExecutor() as pool:
        for said in [pool.submit(ask) for ask in asks]:
            same(said.result(), TEXT)
