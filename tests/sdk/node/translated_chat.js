// OpenAI's SDK on accounts of Anthropic's: in one piece, as a stream, with a thought, images and parallel tools, and errors.

import OpenAI from "openai";

import { all, refused, same, user } from "./asking.js";
import { MODEL, client } from "./openai_asking.js";

const { completions } = client().chat;
const pixel =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const image = { type: "image_url", image_url: { url: `data:image/png;base64,${pixel}` } };
const ask = user([{ type: "text", text: "What is it?" }, image]);
const request = { model: MODEL, messages: [{ role: "system", content: "Be brief." }, ask] };
const said = (chunks) => chunks.map((chunk) => chunk.choices[0].delta.content ?? "").join("");

const whole = await completions.create(request);
const [first] = whole.choices;
same(
  [first.message.content, first.message.reasoning_content],
  ["The water passes at ", "Water has to be let through."],
);
same([whole.object, first.finish_reason, whole.model], ["chat.completion", "stop", "claude-mock-1"]);
same([whole.usage.prompt_tokens, whole.usage.completion_tokens], [18, 4]);
same(whole.usage.prompt_tokens_details.cached_tokens, 7);

// A chunk that nobody asked for would have no choices.
same(said(await all(completions.create({ stream: true, ...request }))), "The water passes at ");

const asking = { stream: true, stream_options: { include_usage: true }, ...request };
const last = (await all(completions.create(asking))).at(-1);
same([last.choices, last.usage.prompt_tokens], [[], 18]);

const schema = { type: "object", properties: { place: { type: "string" } }, required: ["place"] };
const tools = [{ type: "function", function: { name: "weather", parameters: schema } }];
const [choice] = (await completions.stream({ tools, ...request }).finalChatCompletion()).choices;
same(choice.finish_reason, "tool_calls");
const calls = choice.message.tool_calls;
const call = ["weather", '{"place":"mock"}'];
same(calls.map((each) => [each.function.name, each.function.arguments]), [call, call]);
same(calls[0].id === calls[1].id, false);

const results = calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "Rain." }));
const history = [...request.messages, choice.message, ...results];
const answered = await completions.create({ model: MODEL, messages: history, tools });
same(answered.choices[0].finish_reason, "stop");

const asked = (expected, over) => refused(expected, () => completions.create({ ...request, ...over }));
const missing = await asked(OpenAI.NotFoundError, { model: "gpt-none" });
same(missing.type, "invalid_request_error");
const unsaid = await asked(OpenAI.BadRequestError, { n: 2 });
same(unsaid.code, "weir_untranslatable");
same(unsaid.message.includes("`n`"), true);
