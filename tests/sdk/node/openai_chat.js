// Chat completions: in one piece, as a stream with and without its usage, and with a tool.

import { all, same, user } from "./asking.js";
import { MODEL, client } from "./openai_asking.js";

const { completions } = client().chat;
const request = { model: MODEL, messages: [user("A line, please.")] };
const said = (chunks) => chunks.map((chunk) => chunk.choices[0].delta.content ?? "").join("");

const whole = await completions.create(request);
same(whole.choices[0].message.content, "The water passes at ");
same([whole.usage.prompt_tokens, whole.usage.completion_tokens], [18, 4]);
same(whole.usage.prompt_tokens_details.cached_tokens, 7);

// A chunk that nobody asked for would have no choices.
same(said(await all(completions.create({ stream: true, ...request }))), "The water passes at ");

const asked = { stream: true, stream_options: { include_usage: true }, ...request };
const last = (await all(completions.create(asked))).at(-1);
same([last.choices, last.usage.completion_tokens], [[], 4]);

const schema = { type: "object", properties: { place: { type: "string" } }, required: ["place"] };
const tools = [{ type: "function", function: { name: "weather", parameters: schema } }];
const { message } = (await completions.stream({ tools, ...request }).finalChatCompletion()).choices[0];
const [call] = message.tool_calls;
same([call.function.name, call.function.arguments], ["weather", '{"place":"mock"}']);

const result = { role: "tool", tool_call_id: call.id, content: "Rain until noon." };
const messages = [...request.messages, message, result];
const answered = await completions.create({ model: MODEL, messages, tools });
same(answered.choices[0].finish_reason, "stop");
