// An image is shown, and responded to.

import { same, user } from "./asking.js";
import { MODEL, client } from "./openai_asking.js";
import { URL, arrived } from "./picture.js";

const image = { type: "input_image", image_url: URL, detail: "auto" };
const input = [user([{ type: "input_text", text: "What is it?" }, image])];
const whole = await client().responses.create({ model: MODEL, input });
same(whole.output_text, "The water passes at ");
same(await arrived(), true);
