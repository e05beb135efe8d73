// OpenAI's SDK, its responses on accounts of Anthropic's: whole, as a stream, with a thought, parallel tools, and errors.

import OpenAI from "openai";

import { all, refused, same, user } from "./asking.js";
import { MODEL, client } from "./openai_asking.js";

const { responses } = client();
const pixel =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const image = { type: "input_image", image_url: `data:image/png;base64,${pixel}`, detail: "auto" };
const ask = user([{ type: "input_text", text: "What is it?" }, image]);
const request = { model: MODEL, instructions: "Be brief.", input: [ask], store: false };

const whole = await responses.create(request);
same(whole.output.map((item) => item.type), ["reasoning", "message"]);
same(whole.output[0].summary[0].text, "Water has to be let through.");
same([whole.output_text, whole.status, whole.model], ["The water passes at ", "completed", "claude-mock-1"]);
same([whole.usage.input_tokens, whole.usage.output_tokens, whole.usage.total_tokens], [18, 4, 22]);
same(whole.usage.input_tokens_details.cached_tokens, 7);

const events = await all(responses.create({ stream: true, ...request }));
same([events[0].type, events.at(-1).type], ["response.created", "response.completed"]);
same(events.map((event) => event.sequence_number), [...events.keys()]);

const schema = { type: "object", properties: { place: { type: "string" } }, required: ["place"] };
const tools = [{ type: "function", name: "weather", parameters: schema, strict: false }];
const stream = responses.stream({ tools, ...request });
const pieces = [];
stream.on("response.output_text.delta", (event) => pieces.push(event.delta));
const final = await stream.finalResponse();
same(pieces, ["The ", "water ", "passes ", "at "]);
same(final.output_text, pieces.join(""));
const calls = final.output.filter((item) => item.type === "function_call");
const call = ["weather", '{"place":"mock"}'];
same(calls.map((each) => [each.name, each.arguments]), [call, call]);
same(calls[0].call_id === calls[1].call_id, false);

const results = calls.map(({ call_id }) => ({ type: "function_call_output", call_id, output: "Rain." }));
const history = [ask, ...final.output, ...results];
const answered = await responses.create({ ...request, input: history, tools });
same([answered.status, answered.output.at(-1).type], ["completed", "message"]);

const asked = (expected, over) => refused(expected, () => responses.create({ ...request, ...over }));
const missing = await asked(OpenAI.NotFoundError, { model: "gpt-none" });
same(missing.type, "invalid_request_error");
const unsaid = await asked(OpenAI.BadRequestError, { background: true });
same(unsaid.code, "weir_untranslatable");
same(unsaid.message.includes("`background`"), true);
const unknown = await asked(OpenAI.NotFoundError, { previous_response_id: whole.id });
same(unknown.code, "previous_response_not_found");
