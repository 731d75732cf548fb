"""W9: one task prints."""
import trio


async def hello():
    print("hello")


async def main():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hello)


trio.run(main)
