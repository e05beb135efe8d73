"""Every SDK reads a stream that begins with heartbeats and has some inside as if there were none."""

from together import all_read_it, chat_request, claude, gemini_request, google, message_request, response_request, sdk


def message():
    with claude.messages.stream(**message_request) as stream:
        return stream.get_final_text()


def chat():
    chunks = sdk.chat.completions.create(**chat_request, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def response():
    with sdk.responses.stream(**response_request) as stream:
        return stream.get_final_response().output_text


def gemini():
    chunks = google.models.generate_content_stream(**gemini_request)
    return "".join(chunk.text for chunk in chunks)


all_read_it((message, chat, response, gemini))
