"""What the scripts share that send an image: the image, and how much of a request came to the simulated provider at MOCK_URL."""

import base64
import json
import os
import urllib.request

# A PNG of one pixel. What follows its end is passed over by whoever reads it, and is too much to get lost unnoticed.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
BYTES = PIXEL + bytes(1 << 17)
BASE64 = base64.b64encode(BYTES).decode()
URL = f"data:image/png;base64,{BASE64}"


def arrived():
    """Whether the provider's last request was large enough to have the image."""
    with urllib.request.urlopen(f"{os.environ['MOCK_URL']}/mock/stats") as answer:
        return json.load(answer)["last"]["body_bytes"] > len(BASE64)
