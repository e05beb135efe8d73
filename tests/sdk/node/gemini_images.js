// An image is shown to Google's models.

import { GoogleGenAI, createPartFromBase64 } from "@google/genai";

import { same } from "./asking.js";
import { BASE64, arrived } from "./picture.js";

const contents = ["What is it?", createPartFromBase64(BASE64, "image/png")];
const whole = await new GoogleGenAI({}).models.generateContent({ model: "gemini-mock-1", contents });
same(whole.text, "The water passes at ");
same(await arrived(), true);
