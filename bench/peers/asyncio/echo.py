"""W7: an echo server with asyncio's streams; with UVLOOP=1 in the environment the same on uvloop."""
import asyncio
import os

CHUNK = 65536


async def echo(reader, writer):
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if os.environ.get("UVLOOP"):
    import uvloop

    uvloop.install()
asyncio.run(main())
