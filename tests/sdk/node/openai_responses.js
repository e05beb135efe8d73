// Responses: in one piece, event by event, by the SDK's own accumulator, and with a tool.

import { all, same } from "./asking.js";
import { MODEL, client } from "./openai_asking.js";

const { responses } = client();
const request = { model: MODEL, input: "A line, please." };

const whole = await responses.create(request);
same(whole.output_text, "The water passes at ");
same([whole.usage.input_tokens, whole.usage.output_tokens], [18, 4]);

const events = await all(responses.create({ stream: true, ...request }));
same([events[0].type, events.at(-1).type], ["response.created", "response.completed"]);
same(events.map((event) => event.sequence_number), [...events.keys()]);

const stream = responses.stream(request);
const pieces = [];
stream.on("response.output_text.delta", (event) => pieces.push(event.delta));
const final = await stream.finalResponse();
same(pieces, ["The ", "water ", "passes ", "at "]);
same(final.output_text, pieces.join(""));

const schema = { type: "object", properties: { place: { type: "string" } }, required: ["place"] };
const tools = [{ type: "function", name: "weather", parameters: schema, strict: false }];
const called = (await responses.stream({ tools, ...request }).finalResponse()).output.at(-1);
same([called.name, called.arguments], ["weather", '{"place":"mock"}']);
