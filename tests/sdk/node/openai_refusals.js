// Refusals and broken streams arrive as the SDK's own errors, with the words of whoever refused.

import OpenAI from "openai";

import { refused, same, user } from "./asking.js";
import { MODEL, client } from "./openai_asking.js";

const sdk = client();
const apis = [
  [sdk.chat.completions, { model: MODEL, messages: [user("hi")] }],
  [sdk.responses, { model: MODEL, input: "hi" }],
];

const unknownModel = { ...apis[0][1], model: "no-such-model" };
const missing = await refused(OpenAI.NotFoundError, () => apis[0][0].create(unknownModel));
same(missing.code, "model_not_found");

for (const [api, request] of apis) {
  const asked = (expected, options, stream) =>
    refused(expected, () => api.create({ ...request, stream }, { query: { mock: options } }));

  const limited = await asked(OpenAI.RateLimitError, "status=429;retry_after=7", false);
  same([limited.code, limited.headers.get("retry-after")], ["rate_limit_exceeded", "7"]);

  const failed = await asked(OpenAI.APIError, "error_after=4", true);
  same(failed.error.message, "Overloaded");

  const cut = await asked(OpenAI.APIError, "close_after=4", true);
  same(cut.code, "weir_upstream_broke_off");
}

const stranger = client({ apiKey: "weir_default_unknown" });
const unknown = await refused(OpenAI.AuthenticationError, () => stranger.models.list());
same(unknown.code, "weir_invalid_key");
