// What the scripts of OpenAI's SDK share: a client of the relay, from OPENAI_BASE_URL and OPENAI_API_KEY.

import OpenAI from "openai";

export const MODEL = "gpt-mock-1";

// A client that does not retry: a refusal is what the test wants to see.
export const client = (options) => new OpenAI({ maxRetries: 0, ...options });
