"""The workloads with asyncio's TaskGroup; with UVLOOP=1 in the environment the same on uvloop."""
import asyncio
import os

import measure
from measure import now


async def noop():
    pass


async def w1(group, seconds):
    async def run(count):
        began = now()
        for _ in range(count):
            async with asyncio.TaskGroup() as tg:
                for _ in range(group):
                    tg.create_task(noop())
        return now() - began

    return {"ns": await measure.per_operation(seconds, run) / group}


async def w2(tasks, seconds):
    async def serve(reader, writer):
        writer.close()

    await asyncio.start_server(serve, "127.0.0.1", 0)

    async def switch(times):
        for _ in range(times):
            await asyncio.sleep(0)

    async def run(count):
        began = now()
        async with asyncio.TaskGroup() as tg:
            for _ in range(tasks):
                tg.create_task(switch(count))
        return now() - began

    return {"ns": await measure.per_operation(seconds, run) / tasks}


async def forever():
    """The cheapest wait without end: a future of one's own."""
    await asyncio.get_running_loop().create_future()


def waiting(mode):
    """What a task runs that waits without end."""
    if mode == "sleeping":
        return lambda: asyncio.sleep(3600)
    return asyncio.Event().wait if mode == "event" else forever


async def w3(tasks, mode):
    wait = waiting(mode)
    kept = set()
    with measure.Footprint(tasks) as figures:
        for _ in range(tasks):
            task = asyncio.create_task(wait())
            kept.add(task)
        await asyncio.sleep(0)
    return figures


async def w4(tasks):
    async def sleep(late, i, delay):
        began = now()
        await asyncio.sleep(delay / 1e9)
        late[i] = now() - began - delay

    async def run(delays, late):
        async with asyncio.TaskGroup() as tg:
            for i, delay in enumerate(delays):
                tg.create_task(sleep(late, i, delay))

    return await measure.sleeps(tasks, run)


async def w4b(live, seconds):
    sleepers = [asyncio.create_task(asyncio.sleep(1000 + delay / 1e6)) for delay in measure.delays(live)]
    await asyncio.sleep(0)

    async def run(count):
        began = now()
        for _ in range(count):
            async with asyncio.timeout(10):
                await noop()
        return now() - began

    ns = await measure.per_operation(seconds, run)
    assert len(sleepers) == live
    return {"ns": ns}


async def w6(tasks, mode):
    """A TaskGroup is cancelled through the task that holds it."""
    wait = waiting(mode)

    async def hold():
        async with asyncio.TaskGroup() as tg:
            for _ in range(tasks):
                tg.create_task(wait())

    holder = asyncio.create_task(hold())
    for _ in range(2):
        await asyncio.sleep(0)
    began = now()
    holder.cancel()
    await asyncio.wait([holder])
    return {"ns": (now() - began) / tasks}


class Failure(Exception):
    pass


async def fail():
    raise Failure("broken")


async def w8(seconds):
    async def run(count):
        matched = 0
        began = now()
        for _ in range(count):
            try:
                async with asyncio.TaskGroup() as tg:
                    for _ in range(9):
                        tg.create_task(forever())
                    tg.create_task(fail())
            except* Failure:
                matched += 1
        took = now() - began
        assert matched == count
        return took

    return {"ns": await measure.per_operation(seconds, run)}


questions = {"w1": w1, "w2": w2, "w3": w3, "w4": w4, "w4b": w4b, "w6": w6, "w8": w8}

if os.environ.get("UVLOOP"):
    import uvloop

    uvloop.install()
asyncio.run(measure.main(questions))
