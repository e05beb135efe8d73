// Twenty streams at once over one client, whose connections are pooled.

import { MODEL, client, same, user } from "./asking.js";

const sdk = client();
const request = { model: MODEL, max_tokens: 64, messages: [user("A line, please.")] };
const streams = Array.from({ length: 20 }, () => sdk.messages.stream(request).finalText());
same(new Set(await Promise.all(streams)), new Set(["The water passes at "]));
