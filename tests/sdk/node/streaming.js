// A message as a stream: by the SDK's own accumulator, and event by event.

import { MODEL, all, client, same, user } from "./asking.js";

const request = { model: MODEL, max_tokens: 64, messages: [user("A line, please.")] };

const stream = client().messages.stream(request);
const pieces = [];
stream.on("text", (piece) => pieces.push(piece));
const message = await stream.finalMessage();
same(pieces, ["The ", "water ", "passes ", "at "]);
same(message.content[0].text, pieces.join(""));
same(message.stop_reason, "end_turn");
same([message.usage.input_tokens, message.usage.output_tokens], [11, 4]);

const events = await all(client().messages.create({ stream: true, ...request }));
same(
  events.map((event) => event.type),
  [
    "message_start",
    "content_block_start",
    ...Array(4).fill("content_block_delta"),
    "content_block_stop",
    "message_delta",
    "message_stop",
  ],
);
