// Google's SDK: whole answers, streams, chats, tokens, embeddings and models.
//
// The address and the key come from GOOGLE_GEMINI_BASE_URL and GEMINI_API_KEY.

import { GoogleGenAI } from "@google/genai";

import { all, same } from "./asking.js";

const MODEL = "gemini-mock-1";
const sdk = new GoogleGenAI({});
const ask = { model: MODEL, contents: "A line, please." };
const pieces = async (stream) => (await all(stream)).map((chunk) => chunk.text);

const whole = await sdk.models.generateContent(ask);
same(whole.text, "The water passes at ");
const usage = whole.usageMetadata;
same([usage.promptTokenCount, usage.cachedContentTokenCount], [18, 7]);
same(usage.candidatesTokenCount, 4);

same(await pieces(sdk.models.generateContentStream(ask)), ["The ", "water ", "passes ", "at "]);

const chat = sdk.chats.create({ model: MODEL });
same((await chat.sendMessage({ message: "First." })).text, "The water passes at ");
const second = await pieces(chat.sendMessageStream({ message: "Second." }));
same(second.join(""), "The water passes at ");

const schema = { type: "object", properties: { place: { type: "string" } }, required: ["place"] };
const tools = [{ functionDeclarations: [{ name: "weather", parametersJsonSchema: schema }] }];
const [call] = (await sdk.models.generateContent({ config: { tools }, ...ask })).functionCalls;
same([call.name, call.args], ["weather", { place: "mock" }]);

same((await sdk.models.countTokens(ask)).totalTokens, 11);
const texts = { model: "gemini-embedding-001", contents: ["one", "two"] };
const { embeddings } = await sdk.models.embedContent(texts);
same(embeddings.map((entry) => entry.values), [[0.6, 0.8], [0.6, 0.8]]);
const models = await all(sdk.models.list());
same(models.some((model) => model.name === `models/${MODEL}`), true);
