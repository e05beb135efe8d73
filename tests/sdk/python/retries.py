"""A refusal that passes is not seen by whoever uses the SDK: it tries again, as it does by itself."""

import anthropic

from asking import MODEL, same, user

request = dict(model=MODEL, max_tokens=64, messages=[user("A line, please.")])
message = anthropic.Anthropic().messages.create(**request)
same(message.content[-1].text, "The water passes at ")
