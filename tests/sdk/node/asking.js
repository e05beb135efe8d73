// What the scripts beside this one share: a client of the relay, and plain checks.
//
// The address and the key come from ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY, as for any user of the SDK.

import Anthropic from "@anthropic-ai/sdk";

export { deepStrictEqual as same, rejects } from "node:assert";

export const MODEL = "claude-sonnet-5-5";

export const WEATHER = {
  name: "weather",
  description: "The weather at a place.",
  input_schema: {
    type: "object",
    properties: { place: { type: "string" }, days: { type: "integer" } },
    required: ["place", "days"],
  },
};

// A client that does not retry: a refusal is what the test wants to see.
export const client = (options) => new Anthropic({ maxRetries: 0, ...options });

export const user = (content) => ({ role: "user", content });

// All that a stream brings.
export async function all(stream) {
  const seen = [];
  for await (const item of await stream) seen.push(item);
  return seen;
}

// The error of this kind that asking ends with, also while its stream is read.
export async function refused(expected, ask) {
  try {
    const answer = await ask();
    if (answer[Symbol.asyncIterator]) await all(answer);
  } catch (refusal) {
    if (refusal instanceof expected) return refusal;
    throw refusal;
  }
  throw new Error(`no ${expected.name}`);
}
