// A refusal that passes is not seen by whoever asks Google's SDK to try again, which it does not by itself.

import { GoogleGenAI } from "@google/genai";

import { same } from "./asking.js";

const sdk = new GoogleGenAI({ httpOptions: { retryOptions: { attempts: 3 } } });
const ask = { model: "gemini-mock-1", contents: "A line, please." };
same((await sdk.models.generateContent(ask)).text, "The water passes at ");
