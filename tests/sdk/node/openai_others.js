// Embeddings and the list of models.

import { all, same } from "./asking.js";
import { MODEL, client } from "./openai_asking.js";

const sdk = client();
const request = { model: "text-embedding-3-small", input: ["one", "two"], encoding_format: "float" };
const embedded = await sdk.embeddings.create(request);
same(embedded.data.map((entry) => entry.embedding), [[0.6, 0.8], [0.6, 0.8]]);
same((await all(sdk.models.list())).some((model) => model.id === MODEL), true);
