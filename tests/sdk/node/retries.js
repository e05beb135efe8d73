// A refusal that passes is not seen by whoever uses the SDK: it tries again, as it does by itself.

import Anthropic from "@anthropic-ai/sdk";

import { MODEL, same, user } from "./asking.js";

const request = { model: MODEL, max_tokens: 64, messages: [user("A line, please.")] };
const message = await new Anthropic().messages.create(request);
same(message.content.at(-1).text, "The water passes at ");
