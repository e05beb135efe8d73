"""What the scripts beside this one share: a client of the relay, and plain checks.

The address and the key come from ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY, as for any user of the SDK.
"""

import anthropic

MODEL = "claude-sonnet-5-5"

WEATHER = {
    "name": "weather",
    "description": "The weather at a place.",
    "input_schema": {
        "type": "object",
        "properties": {"place": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["place", "days"],
    },
}


def client():
    """A client that does not retry: a refusal is what the test wants to see."""
    return anthropic.Anthropic(max_retries=0)


def user(content):
    return {"role": "user", "content": content}


def same(seen, expected):
    assert seen == expected, f"{seen!r} instead of {expected!r}"
