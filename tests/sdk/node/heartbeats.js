// Every SDK reads a stream that begins with heartbeats and has some inside as if there were none. All ask at once.

import { GoogleGenAI } from "@google/genai";

import { MODEL, all, client, same, user } from "./asking.js";
import * as openai from "./openai_asking.js";

const TEXT = "The water passes at ";
const messages = [user("A line, please.")];
const sdk = openai.client();

const message = () =>
  client().messages.stream({ model: MODEL, max_tokens: 64, messages }).finalText();

async function chat() {
  const request = { model: openai.MODEL, messages, stream: true };
  const chunks = await all(sdk.chat.completions.create(request));
  return chunks.map((chunk) => chunk.choices[0].delta.content ?? "").join("");
}

async function response() {
  const stream = sdk.responses.stream({ model: openai.MODEL, input: "A line, please." });
  return (await stream.finalResponse()).output_text;
}

async function gemini() {
  const ask = { model: "gemini-mock-1", contents: "A line, please." };
  const chunks = await all(new GoogleGenAI({}).models.generateContentStream(ask));
  return chunks.map((chunk) => chunk.text).join("");
}

same(await Promise.all([message(), chat(), response(), gemini()]), Array(4).fill(TEXT));
