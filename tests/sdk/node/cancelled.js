// A stream is left after its first text: the test sees afterwards that nothing is held.

import { MODEL, client, user } from "./asking.js";

const stream = await client().messages.create(
  { model: MODEL, max_tokens: 64, messages: [user("A long one, please.")], stream: true },
  { query: { mock: "chunks=1000;delay_ms=60000" } },
);
for await (const event of stream) {
  if (event.type === "content_block_start") break;
}
