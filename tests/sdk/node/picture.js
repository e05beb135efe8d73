// What the scripts share that send an image: the image, and how much of a request came to the simulated provider at MOCK_URL.

// A PNG of one pixel. What follows its end is passed over by whoever reads it, and is too much to get lost unnoticed.
const pixel = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
export const BASE64 = Buffer.concat([pixel, Buffer.alloc(1 << 17)]).toString("base64");
export const URL = `data:image/png;base64,${BASE64}`;

// Whether the provider's last request was large enough to have the image.
export async function arrived() {
  const stats = await fetch(`${process.env.MOCK_URL}/mock/stats`);
  return (await stats.json()).last.body_bytes > BASE64.length;
}
