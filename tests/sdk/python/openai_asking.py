"""What the scripts of OpenAI's SDK share: a client of the relay, from OPENAI_BASE_URL and OPENAI_API_KEY."""

import openai

MODEL = "gpt-mock-1"


def client():
    """A client that does not retry: a refusal is what the test wants to see."""
    return openai.OpenAI(max_retries=0)


def raised(expected, ask):
    """The exception that asking raises, also while its stream is read."""
    try:
        for _ in ask():
            pass
    except expected as refusal:
        return refusal
    raise AssertionError(f"no {expected.__name__}")
