// An image is shown, and a message said about it.

import { MODEL, client, same, user } from "./asking.js";
import { BASE64, arrived } from "./picture.js";

const source = { type: "base64", media_type: "image/png", data: BASE64 };
const ask = user([{ type: "text", text: "What is it?" }, { type: "image", source }]);
const message = await client().messages.create({ model: MODEL, max_tokens: 64, messages: [ask] });
same(message.content.at(-1).text, "The water passes at ");
same(await arrived(), true);
