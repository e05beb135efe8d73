// Refusals and broken streams arrive as the errors of Google's SDK, with the words of whoever refused.
//
// The simulated provider is told at MOCK_URL what to do: the SDK has no place for options of a request.

import { ApiError, GoogleGenAI } from "@google/genai";

import { refused, same } from "./asking.js";

const sdk = new GoogleGenAI({});
const ask = { model: "gemini-mock-1", contents: "A line, please." };
const asked = (answer) => refused(ApiError, answer);
const behave = (options) =>
  fetch(`${process.env.MOCK_URL}/mock/config`, { method: "POST", body: JSON.stringify(options) });
// The SDK puts what was answered into its message.
const answered = (refusal) => JSON.parse(refusal.message.replace(/^got status: .*?\. /, "")).error;

const whole = () => sdk.models.generateContent(ask);
const streamed = () => sdk.models.generateContentStream(ask);

const stranger = new GoogleGenAI({ apiKey: "weir_default_unknown" });
const unknown = await asked(() => stranger.models.list());
same([unknown.status, answered(unknown).status], [401, "UNAUTHENTICATED"]);

await behave({ status: 429 });
for (const answer of [whole, streamed]) {
  const limited = await asked(answer);
  same([limited.status, answered(limited).status], [429, "RESOURCE_EXHAUSTED"]);
}

await behave({ status: null, error_after: 2 });
same(answered(await asked(streamed)).message, "Overloaded");

await behave({ error_after: null, close_after: 2 });
const cut = answered(await asked(streamed));
same([cut.code, cut.status], [502, "UNAVAILABLE"]);
same(cut.details[0].reason, "weir_upstream_broke_off");
