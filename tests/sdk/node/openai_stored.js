// One model, and a response that was stored: told again, cancelled and deleted.

import { all, same } from "./asking.js";
import { MODEL, client } from "./openai_asking.js";

const sdk = client();
same((await sdk.models.retrieve(MODEL)).id, MODEL);
const stored = await sdk.responses.create({ model: MODEL, input: "A line, please." });
same((await sdk.responses.retrieve(stored.id)).output_text, stored.output_text);
same((await all(sdk.responses.inputItems.list(stored.id))).map((item) => item.role), ["user"]);
same((await sdk.responses.cancel(stored.id)).status, "cancelled");
await sdk.responses.delete(stored.id);
