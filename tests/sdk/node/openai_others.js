// Embeddings, models, and responses that were stored.

import { all, same } from "./asking.js";
import { MODEL, client } from "./openai_asking.js";

const sdk = client();
const request = { model: "text-embedding-3-small", input: ["one", "two"], encoding_format: "float" };
const embedded = await sdk.embeddings.create(request);
same(embedded.data.map((entry) => entry.embedding), [[0.6, 0.8], [0.6, 0.8]]);
same((await all(sdk.models.list())).some((model) => model.id === MODEL), true);
same((await sdk.models.retrieve(MODEL)).id, MODEL);
const stored = await sdk.responses.create({ model: MODEL, input: "A line, please." });
same((await sdk.responses.retrieve(stored.id)).output_text, stored.output_text);
same((await all(sdk.responses.inputItems.list(stored.id))).map((item) => item.role), ["user"]);
same((await sdk.responses.cancel(stored.id)).status, "cancelled");
await sdk.responses.delete(stored.id);
