// An image is shown in a chat, which is completed.

import { same, user } from "./asking.js";
import { MODEL, client } from "./openai_asking.js";
import { URL, arrived } from "./picture.js";

const image = { type: "image_url", image_url: { url: URL } };
const messages = [user([{ type: "text", text: "What is it?" }, image])];
const whole = await client().chat.completions.create({ model: MODEL, messages });
same(whole.choices[0].message.content, "The water passes at ");
same(await arrived(), true);
