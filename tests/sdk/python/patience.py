"""Every SDK waits for an answer in one piece, of which nothing comes before it is there."""

from together import all_read_it, chat_request, claude, gemini_request, google, message_request, response_request, sdk


def message():
    return claude.messages.create(**message_request).content[0].text


def chat():
    return sdk.chat.completions.create(**chat_request).choices[0].message.content


def response():
    return sdk.responses.create(**response_request).output_text


def gemini():
    return google.models.generate_content(**gemini_request).text


all_read_it((message, chat, response, gemini))
