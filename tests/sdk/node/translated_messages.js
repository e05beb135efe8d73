// Anthropic's SDK on accounts of OpenAI's: in one piece, as a stream, with a thought, images and parallel tools, and errors.

import Anthropic from "@anthropic-ai/sdk";

import { MODEL, WEATHER, client, refused, same, user } from "./asking.js";

const { messages } = client();
const data =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const image = { type: "image", source: { type: "base64", media_type: "image/png", data } };
const ask = user([{ type: "text", text: "What is it?" }, image]);
const request = { model: MODEL, max_tokens: 64, messages: [ask] };
const types = (message) => message.content.map((block) => block.type);

const { data: whole, response } = await messages.create(request).withResponse();
same(types(whole), ["thinking", "text"]);
same(whole.content[1].text, "The water passes at ");
same([whole.stop_reason, whole.model], ["end_turn", "gpt-mock-1"]);
const { usage } = whole;
same([usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens], [11, 7, 4]);
same(response.headers.get("request-id").startsWith("req_"), true);

const stream = messages.stream(request);
const pieces = [];
stream.on("text", (piece) => pieces.push(piece));
const message = await stream.finalMessage();
same(pieces, ["The ", "water ", "passes ", "at "]);
same(types(message), ["thinking", "text"]);
same(message.content[0].thinking, "Water has to be let through.");
same([message.usage.input_tokens, message.usage.output_tokens], [11, 4]);

const calling = messages.stream({ ...request, tools: [WEATHER] });
let inputs = 0;
calling.on("inputJson", () => (inputs += 1));
const called = await calling.finalMessage();
same(inputs > 2, true);
same(called.stop_reason, "tool_use");
const calls = called.content.filter((block) => block.type === "tool_use");
const call = ["weather", { place: "mock", days: 1 }];
same(calls.map((each) => [each.name, each.input]), [call, call]);
same(calls[0].id === calls[1].id, false);

const result = (id, rest) => ({ type: "tool_result", tool_use_id: id, ...rest });
const results = [
  result(calls[0].id, { content: [{ type: "text", text: "Rain." }, image] }),
  result(calls[1].id, { content: "No such place.", is_error: true }),
];
const history = [ask, { role: "assistant", content: called.content }, user(results)];
const answered = await messages.create({ ...request, tools: [WEATHER], messages: history });
same(answered.stop_reason, "end_turn");

const asked = (expected, over) => refused(expected, () => messages.create({ ...request, ...over }));
const missing = await asked(Anthropic.NotFoundError, { model: "claude-none" });
same(missing.error.error.type, "not_found_error");
const unsaid = await asked(Anthropic.BadRequestError, { container: "c1" });
same(unsaid.error.error.code, "weir_untranslatable");
same(unsaid.error.error.message.includes("`container`"), true);
