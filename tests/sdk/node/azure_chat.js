// Chat completions of a resource of Azure's: a stream begins with what the filter says of the prompt, in no choice.

import { same, user } from "./asking.js";
import { MODEL, client } from "./openai_asking.js";

const sdk = client();
const request = { model: MODEL, messages: [user("A line, please.")] };

const whole = await sdk.chat.completions.create(request);
same(whole.choices[0].message.content, "The water passes at ");
same([whole.usage.prompt_tokens, whole.usage.completion_tokens], [18, 4]);

const chunks = [];
for await (const chunk of await sdk.chat.completions.create({ stream: true, ...request })) {
  chunks.push(chunk);
}
const first = chunks.shift();
same(first.choices, []);
same(first.prompt_filter_results.length, 1);
const said = chunks.map((chunk) => chunk.choices[0].delta.content ?? "");
same(said.join(""), "The water passes at ");

const parameters = { type: "object", properties: { place: { type: "string" } }, required: ["place"] };
const weather = { type: "function", function: { name: "weather", parameters } };
const stream = sdk.chat.completions.stream({ tools: [weather], ...request });
const [call] = (await stream.finalChatCompletion()).choices[0].message.tool_calls;
same([call.function.name, call.function.arguments], ["weather", '{"place":"mock"}']);
