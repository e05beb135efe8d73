// Google's SDK on accounts of Anthropic's: in one piece, as a stream, in a chat, with a thought, parallel tools, and errors.

import { ApiError, GoogleGenAI } from "@google/genai";

import { all, refused, same } from "./asking.js";

const MODEL = "gemini-mock-1";
const { chats, models } = new GoogleGenAI({});
const thinkingConfig = { includeThoughts: true, thinkingBudget: 1024 };
const settings = { systemInstruction: "Be brief.", thinkingConfig, temperature: 1, topK: 64 };
const request = { model: MODEL, contents: "A line, please.", config: settings };
const said = (chunks) => chunks.map((chunk) => chunk.text ?? "").join("");

const whole = await models.generateContent(request);
const [candidate] = whole.candidates;
const thought = { text: "Water has to be let through.", thought: true };
same(candidate.content.parts, [thought, { text: "The water passes at " }]);
same(
  [whole.text, candidate.finishReason, whole.modelVersion],
  ["The water passes at ", "STOP", "claude-mock-1"],
);
const usage = whole.usageMetadata;
same([usage.promptTokenCount, usage.cachedContentTokenCount, usage.candidatesTokenCount], [18, 7, 4]);

const chunks = await all(models.generateContentStream(request));
same(said(chunks), "The water passes at ");
same(chunks.length > 4, true);
same(chunks.at(-1).usageMetadata.totalTokenCount, 22);

const chat = chats.create({ model: MODEL });
same(said(await all(chat.sendMessageStream({ message: "First." }))), "The water passes at ");
same((await chat.sendMessage({ message: "Second." })).text, "The water passes at ");
same(chat.getHistory(true).slice(-2).map((content) => content.role), ["user", "model"]);

const schema = { type: "OBJECT", properties: { place: { type: "STRING" } }, required: ["place"] };
const config = { ...settings, tools: [{ functionDeclarations: [{ name: "weather", parameters: schema }] }] };
const called = await models.generateContent({ ...request, config });
const calls = called.functionCalls;
const call = ["weather", { place: "mock" }];
same(calls.map((each) => [each.name, each.args]), [call, call]);
same(calls[0].id === calls[1].id, false);

const results = calls.map(({ id, name }) => ({ functionResponse: { id, name, response: { output: "Rain." } } }));
const history = [
  { role: "user", parts: [{ text: "A line, please." }] },
  called.candidates[0].content,
  { role: "user", parts: results },
];
const answered = await models.generateContent({ model: MODEL, contents: history, config });
same([answered.functionCalls, answered.text], [undefined, "The water passes at "]);

const asked = (over) => refused(ApiError, () => models.generateContent({ ...request, ...over }));
const missing = await asked({ model: "gemini-none" });
same(missing.status, 404);
const unsaid = await asked({ config: { tools: [{ googleSearch: {} }] } });
same(unsaid.status, 400);
same(unsaid.message.includes("`tools.0.googleSearch`"), true);
same(unsaid.message.includes("weir_untranslatable"), true);
