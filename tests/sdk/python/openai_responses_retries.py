"""A refusal that passes is not seen by whoever wants a response: the SDK tries again, as it does by itself."""

import openai

from asking import same
from openai_asking import MODEL

whole = openai.OpenAI().responses.create(model=MODEL, input="A line, please.")
same(whole.output_text, "The water passes at ")
