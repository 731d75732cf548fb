"""The workloads with trio's nurseries."""
import measure
import trio
from measure import now


async def noop():
    pass


async def settle():
    """Lets every new task run to where it blocks: trio shuffles a batch, so the first checkpoint may be early."""
    await trio.lowlevel.checkpoint()
    await trio.lowlevel.checkpoint()


async def w1(group, seconds):
    async def run(count):
        began = now()
        for _ in range(count):
            async with trio.open_nursery() as nursery:
                for _ in range(group):
                    nursery.start_soon(noop)
        return now() - began

    return {"ns": await measure.per_operation(seconds, run) / group}


async def w2(tasks, seconds):
    async def switch(times):
        for _ in range(times):
            await trio.lowlevel.checkpoint()

    async def run(count):
        began = now()
        async with trio.open_nursery() as nursery:
            for _ in range(tasks):
                nursery.start_soon(switch, count)
        return now() - began

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as outer:
        outer.start_soon(listener.accept)
        await settle()
        measure.finish({"ns": await measure.per_operation(seconds, run) / tasks})


def waiting(mode):
    """What a task runs that waits without end, and its arguments."""
    if mode == "sleeping":
        return trio.sleep, 3600
    return (trio.Event().wait,) if mode == "event" else (trio.sleep_forever,)


async def w3(tasks, mode):
    wait = waiting(mode)
    async with trio.open_nursery() as nursery:
        with measure.Footprint(tasks) as figures:
            for _ in range(tasks):
                nursery.start_soon(*wait)
            await settle()
        measure.finish(figures)


async def w4(tasks):
    async def sleep(late, i, delay):
        began = now()
        await trio.sleep(delay / 1e9)
        late[i] = now() - began - delay

    async def run(delays, late):
        async with trio.open_nursery() as nursery:
            for i, delay in enumerate(delays):
                nursery.start_soon(sleep, late, i, delay)

    return await measure.sleeps(tasks, run)


async def w4b(live, seconds):
    async def run(count):
        began = now()
        for _ in range(count):
            with trio.fail_after(10):
                await noop()
        return now() - began

    async with trio.open_nursery() as nursery:
        for delay in measure.delays(live):
            nursery.start_soon(trio.sleep, 1000 + delay / 1e6)
        await settle()
        measure.finish({"ns": await measure.per_operation(seconds, run)})


async def w6(tasks, mode):
    wait = waiting(mode)
    async with trio.open_nursery() as nursery:
        for _ in range(tasks):
            nursery.start_soon(*wait)
        await settle()
        began = now()
        nursery.cancel_scope.cancel()
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
                async with trio.open_nursery() as nursery:
                    for _ in range(9):
                        nursery.start_soon(trio.sleep_forever)
                    nursery.start_soon(fail)
            except* Failure:
                matched += 1
        took = now() - began
        assert matched == count
        return took

    return {"ns": await measure.per_operation(seconds, run)}


questions = {"w1": w1, "w2": w2, "w3": w3, "w4": w4, "w4b": w4b, "w6": w6, "w8": w8}

trio.run(measure.main, questions)
