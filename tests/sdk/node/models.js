// The models are listed, page by page.

import { MODEL, all, client, same } from "./asking.js";

const models = await all(client().models.list({ limit: 2 }));
same(models.some((model) => model.id === MODEL), true);
same(models.every((model) => model.type === "model"), true);
