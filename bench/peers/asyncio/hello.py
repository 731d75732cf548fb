"""W9: one task prints; with UVLOOP=1 in the environment on uvloop."""
import asyncio
import os


async def hello():
    print("hello")


async def main():
    async with asyncio.TaskGroup() as tg:
        tg.create_task(hello())


if os.environ.get("UVLOOP"):
    import uvloop

    uvloop.install()
asyncio.run(main())
