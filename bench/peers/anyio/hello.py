"""W9: one task prints."""
import anyio


async def hello():
    print("hello")


async def main():
    async with anyio.create_task_group() as tg:
        tg.start_soon(hello)


anyio.run(main)
