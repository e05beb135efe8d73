"""A refusal that passes is not seen by whoever completes a chat: the SDK tries again, as it does by itself."""

import openai

from asking import same, user
from openai_asking import MODEL

request = dict(model=MODEL, messages=[user("A line, please.")])
whole = openai.OpenAI().chat.completions.create(**request)
same(whole.choices[0].message.content, "The water passes at ")
