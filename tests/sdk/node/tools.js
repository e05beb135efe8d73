// A tool is called, in one piece and as a stream, and its result is taken back.

import { MODEL, WEATHER, client, same, user } from "./asking.js";

const ask = user("Will it rain in Delft?");
const request = { model: MODEL, max_tokens: 64, tools: [WEATHER], messages: [ask] };

function callOf(message) {
  same(message.stop_reason, "tool_use");
  const call = message.content.at(-1);
  same([call.type, call.name, call.input], ["tool_use", "weather", { place: "mock", days: 1 }]);
  return call;
}

callOf(await client().messages.create(request));

const stream = client().messages.stream(request);
let pieces = 0;
stream.on("inputJson", () => (pieces += 1));
const streamed = await stream.finalMessage();
same(pieces > 1, true);
const call = callOf(streamed);

const result = { type: "tool_result", tool_use_id: call.id, content: "Rain until noon." };
const answered = await client().messages.create({
  ...request,
  messages: [ask, { role: "assistant", content: streamed.content }, user([result])],
});
same(answered.stop_reason, "end_turn");
