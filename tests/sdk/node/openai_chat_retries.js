// A refusal that passes is not seen by whoever completes a chat: the SDK tries again, as it does by itself.

import OpenAI from "openai";

import { same, user } from "./asking.js";
import { MODEL } from "./openai_asking.js";

const request = { model: MODEL, messages: [user("A line, please.")] };
const whole = await new OpenAI().chat.completions.create(request);
same(whole.choices[0].message.content, "The water passes at ");
