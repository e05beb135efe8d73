// A message in one piece, with its usage and the provider's request id.

import { MODEL, client, same, user } from "./asking.js";

const { data: message, response } = await client()
  .messages.create({ model: MODEL, max_tokens: 64, messages: [user("A line, please.")] })
  .withResponse();
same(message.content[0].text, "The water passes at ");
same(message.stop_reason, "end_turn");
same(message.model, MODEL);
same([message.usage.input_tokens, message.usage.output_tokens], [11, 4]);
same(message.usage.cache_read_input_tokens, 7);
same(message.id.startsWith("msg_"), true);
same(response.headers.get("request-id").startsWith("req_"), true);
same(response.headers.has("x-weir-request-id"), true);
