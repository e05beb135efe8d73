"""Tokens are counted before anything is sent to be answered."""

from asking import MODEL, client, same, user

counted = client().messages.count_tokens(model=MODEL, messages=[user("How many?")])
same(counted.input_tokens, 11)
