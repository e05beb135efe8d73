"""Twenty streams at once over the asynchronous client, whose connections are pooled."""

import asyncio

import anthropic

from asking import MODEL, same, user


async def streamed(sdk):
    request = dict(model=MODEL, max_tokens=64, messages=[user("A line, please.")])
    async with sdk.messages.stream(**request) as stream:
        return await stream.get_final_text()


async def main():
    async with anthropic.AsyncAnthropic(max_retries=0) as sdk:
        texts = await asyncio.gather(*(streamed(sdk) for _ in range(20)))
    same(set(texts), {"The water passes at "})


asyncio.run(main())
