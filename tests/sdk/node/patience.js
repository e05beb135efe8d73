// Every SDK waits for an answer in one piece, of which nothing comes before it is there. All ask at once.

import { GoogleGenAI } from "@google/genai";

import { MODEL, client, same, user } from "./asking.js";
import * as openai from "./openai_asking.js";

const TEXT = "The water passes at ";
const messages = [user("A line, please.")];
const sdk = openai.client();

async function message() {
  const answer = await client().messages.create({ model: MODEL, max_tokens: 64, messages });
  return answer.content[0].text;
}

async function chat() {
  const answer = await sdk.chat.completions.create({ model: openai.MODEL, messages });
  return answer.choices[0].message.content;
}

async function response() {
  return (await sdk.responses.create({ model: openai.MODEL, input: "A line, please." })).output_text;
}

async function gemini() {
  const ask = { model: "gemini-mock-1", contents: "A line, please." };
  return (await new GoogleGenAI({}).models.generateContent(ask)).text;
}

same(await Promise.all([message(), chat(), response(), gemini()]), Array(4).fill(TEXT));
