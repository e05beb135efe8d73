// A refusal that passes is not seen by whoever wants a response: the SDK tries again, as it does by itself.

import OpenAI from "openai";

import { same } from "./asking.js";
import { MODEL } from "./openai_asking.js";

const whole = await new OpenAI().responses.create({ model: MODEL, input: "A line, please." });
same(whole.output_text, "The water passes at ");
