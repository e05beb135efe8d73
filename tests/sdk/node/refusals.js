// Refusals arrive as the SDK's own errors, with the words of whoever refused.

import Anthropic from "@anthropic-ai/sdk";

import { MODEL, client, refused, same, user } from "./asking.js";

const request = { model: MODEL, max_tokens: 64, messages: [user("hi")] };
const mocked = (options) => ({ query: { mock: options } });
const asked = (expected, over, options, sdk = client()) =>
  refused(expected, () => sdk.messages.create({ ...request, ...over }, options));

const missing = await asked(Anthropic.NotFoundError, { model: "no-such-model" });
same(missing.error.error.type, "not_found_error");

const limited = await asked(Anthropic.RateLimitError, {}, mocked("status=429;retry_after=7"));
same(limited.headers.get("retry-after"), "7");
same(limited.error.error.type, "rate_limit_error");

const overloaded = await asked(Anthropic.InternalServerError, {}, mocked("status=529"));
same([overloaded.status, overloaded.error.error.type], [529, "overloaded_error"]);

const stranger = client({ apiKey: "weir_default_unknown" });
const unknown = await asked(Anthropic.AuthenticationError, {}, {}, stranger);
same(unknown.error.error.type, "authentication_error");

await asked(Anthropic.BadRequestError, { messages: [] });

const broken = await asked(Anthropic.APIError, { stream: true }, mocked("error_after=4"));
same(broken.error.error.type, "overloaded_error");
