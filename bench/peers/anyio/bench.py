"""The workloads with anyio's task groups, on asyncio."""
import anyio
import anyio.lowlevel
import measure
from measure import now


async def noop():
    pass


async def w1(group, seconds):
    async def run(count):
        began = now()
        for _ in range(count):
            async with anyio.create_task_group() as tg:
                for _ in range(group):
                    tg.start_soon(noop)
        return now() - began

    return {"ns": await measure.per_operation(seconds, run) / group}


async def w2(tasks, seconds):
    async def switch(times):
        for _ in range(times):
            await anyio.lowlevel.checkpoint()

    async def run(count):
        began = now()
        async with anyio.create_task_group() as tg:
            for _ in range(tasks):
                tg.start_soon(switch, count)
        return now() - began

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with anyio.create_task_group() as outer:
        outer.start_soon(listener.serve, noop)
        await anyio.lowlevel.checkpoint()
        measure.finish({"ns": await measure.per_operation(seconds, run) / tasks})


def waiting(mode):
    """What a task runs that waits without end, and its arguments."""
    if mode == "sleeping":
        return anyio.sleep, 3600
    return (anyio.Event().wait,) if mode == "event" else (anyio.sleep_forever,)


async def w3(tasks, mode):
    wait = waiting(mode)
    async with anyio.create_task_group() as tg:
        with measure.Footprint(tasks) as figures:
            for _ in range(tasks):
                tg.start_soon(*wait)
            await anyio.lowlevel.checkpoint()
        measure.finish(figures)


async def w4(tasks):
    async def sleep(late, i, delay):
        began = now()
        await anyio.sleep(delay / 1e9)
        late[i] = now() - began - delay

    async def run(delays, late):
        async with anyio.create_task_group() as tg:
            for i, delay in enumerate(delays):
                tg.start_soon(sleep, late, i, delay)

    return await measure.sleeps(tasks, run)


async def w4b(live, seconds):
    async def run(count):
        began = now()
        for _ in range(count):
            with anyio.fail_after(10):
                await noop()
        return now() - began

    async with anyio.create_task_group() as tg:
        for delay in measure.delays(live):
            tg.start_soon(anyio.sleep, 1000 + delay / 1e6)
        await anyio.lowlevel.checkpoint()
        measure.finish({"ns": await measure.per_operation(seconds, run)})


async def w6(tasks, mode):
    wait = waiting(mode)
    async with anyio.create_task_group() as tg:
        for _ in range(tasks):
            tg.start_soon(*wait)
        await anyio.lowlevel.checkpoint()
        began = now()
        tg.cancel_scope.cancel()
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
                async with anyio.create_task_group() as tg:
                    for _ in range(9):
                        tg.start_soon(anyio.sleep_forever)
                    tg.start_soon(fail)
            except* Failure:
                matched += 1
        took = now() - began
        assert matched == count
        return took

    return {"ns": await measure.per_operation(seconds, run)}


questions = {"w1": w1, "w2": w2, "w3": w3, "w4": w4, "w4b": w4b, "w6": w6, "w8": w8}

anyio.run(measure.main, questions)
