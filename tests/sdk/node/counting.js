// Tokens are counted before anything is sent to be answered.

import { MODEL, client, same, user } from "./asking.js";

const counted = await client().messages.countTokens({ model: MODEL, messages: [user("How many?")] });
same(counted.input_tokens, 11);
