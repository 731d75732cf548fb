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


async def together(*functions):
    """How long it takes tasks to run them."""
    began = now()
    async with trio.open_nursery() as group:
        for function in functions:
            group.start_soon(function)
    return now() - began


async def item(count, capacity):
    send, receive = trio.open_memory_channel(capacity)

    async def put():
        async with send:
            for i in range(count):
                await send.send(i)

    async def get():
        async for _ in receive:
            pass

    return await together(put, get)


async def trip(count, capacity):
    ask, asked = trio.open_memory_channel(capacity)
    answer, answered = trio.open_memory_channel(capacity)

    async def put():
        async with ask:
            for i in range(count):
                await ask.send(i)
                await answered.receive()

    async def get():
        async for i in asked:
            await answer.send(i)

    return await together(put, get)


async def w5(mode, capacity, seconds):
    work = {"item": item, "trip": trip}[mode]
    return {"ns": await measure.per_operation(seconds, lambda count: work(count, capacity))}


async def hold(thing, count):
    began = now()
    for _ in range(count):
        async with thing:
            pass
    return now() - began


async def handed_over(count):
    lock = trio.Lock()

    async def turns():
        for _ in range((count + 1) // 2):
            async with lock:
                await trio.lowlevel.checkpoint()

    return await together(turns, turns)


async def is_set(count):
    event = trio.Event()
    event.set()
    began = now()
    for _ in range(count):
        await event.wait()
    return now() - began


async def wake(count, tasks):
    events = [trio.Event() for _ in range(-(-count // tasks))]

    async def wait():
        for event in events:
            await event.wait()

    async def wake_all():
        for event in events:
            await settle()
            event.set()

    took = await together(*[wait] * tasks, wake_all)
    return took * count / (len(events) * tasks)


async def select(*receivers):
    """What there is: a task for each, of which the later ones are cancelled."""
    got = []

    async def get(receive):
        got.append(await receive.receive())
        group.cancel_scope.cancel()

    async with trio.open_nursery() as group:
        for receive in receivers:
            group.start_soon(get, receive)
    return got[0]


async def ready(count):
    _, idle = trio.open_memory_channel(1)
    send, receive = trio.open_memory_channel(1)
    began = now()
    for i in range(count):
        await send.send(i)
        await select(idle, receive)
    return now() - began


async def select_waiting(count):
    _, idle = trio.open_memory_channel(1)
    send, receive = trio.open_memory_channel(1)

    async def put():
        for i in range(count):
            await send.send(i)

    async def get():
        for _ in range(count):
            await select(idle, receive)

    return await together(put, get)


async def w5b(mode, seconds, tasks=0):
    works = {
        "lock": lambda count: hold(trio.Lock(), count),
        "semaphore": lambda count: hold(trio.Semaphore(1), count),
        "handed_over": handed_over,
        "set": is_set,
        "wake": lambda count: wake(count, tasks),
        "ready": ready,
        "waiting": select_waiting,
    }
    return {"ns": await measure.per_operation(seconds, works[mode])}


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


questions = {"w1": w1, "w2": w2, "w3": w3, "w4": w4, "w4b": w4b, "w5": w5, "w5b": w5b, "w6": w6, "w8": w8}

trio.run(measure.main, questions)
