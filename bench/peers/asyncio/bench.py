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


async def together(*coroutines):
    """How long it takes tasks to run them."""
    began = now()
    async with asyncio.TaskGroup() as tg:
        for coroutine in coroutines:
            tg.create_task(coroutine)
    return now() - began


async def item(count, capacity):
    queue = asyncio.Queue(capacity)

    async def put():
        for i in range(count):
            await queue.put(i)

    async def get():
        for _ in range(count):
            await queue.get()

    return await together(put(), get())


async def trip(count, capacity):
    there, back = asyncio.Queue(capacity), asyncio.Queue(capacity)

    async def ask():
        for i in range(count):
            await there.put(i)
            await back.get()

    async def answer():
        for _ in range(count):
            await back.put(await there.get())

    return await together(ask(), answer())


async def w5(mode, capacity, seconds):
    """A queue without room is one without end: there is no rendezvous."""
    if capacity == 0:
        return None
    work = {"item": item, "trip": trip}[mode]
    return {"ns": await measure.per_operation(seconds, lambda count: work(count, capacity))}


async def hold(thing, count):
    began = now()
    for _ in range(count):
        async with thing:
            pass
    return now() - began


async def handed_over(count):
    lock = asyncio.Lock()

    async def turns():
        for _ in range((count + 1) // 2):
            async with lock:
                await asyncio.sleep(0)

    return await together(turns(), turns())


async def is_set(count):
    event = asyncio.Event()
    event.set()
    began = now()
    for _ in range(count):
        await event.wait()
    return now() - began


async def wake(count, tasks):
    events = [asyncio.Event() for _ in range(-(-count // tasks))]

    async def wait():
        for event in events:
            await event.wait()

    async def wake_all():
        for event in events:
            await asyncio.sleep(0)
            event.set()

    took = await together(*(wait() for _ in range(tasks)), wake_all())
    return took * count / (len(events) * tasks)


async def select(*queues):
    """What there is: a task for each, of which the later ones are cancelled."""
    gets = [asyncio.create_task(queue.get()) for queue in queues]
    done, late = await asyncio.wait(gets, return_when=asyncio.FIRST_COMPLETED)
    for get in late:
        get.cancel()
    return done.pop().result()


async def ready(count):
    idle, items = asyncio.Queue(1), asyncio.Queue(1)
    began = now()
    for i in range(count):
        await items.put(i)
        await select(idle, items)
    return now() - began


async def select_waiting(count):
    idle, items = asyncio.Queue(1), asyncio.Queue(1)

    async def put():
        for i in range(count):
            await items.put(i)

    async def get():
        for _ in range(count):
            await select(idle, items)

    return await together(put(), get())


async def w5b(mode, seconds, tasks=0):
    works = {
        "lock": lambda count: hold(asyncio.Lock(), count),
        "semaphore": lambda count: hold(asyncio.Semaphore(1), count),
        "handed_over": handed_over,
        "set": is_set,
        "wake": lambda count: wake(count, tasks),
        "ready": ready,
        "waiting": select_waiting,
    }
    return {"ns": await measure.per_operation(seconds, works[mode])}


async def by_tasks(tasks, seconds, work):
    """Nanoseconds per operation of so many tasks, each of which calls work(i) with numbers of its own."""
    async def repeat(task, count):
        for i in range(count):
            await work(i * tasks + task)

    async def run(count):
        return await together(*(repeat(task, count) for task in range(tasks)))

    return {"ns": await measure.per_operation(seconds, run) / tasks}


async def w7f(bytes, tasks, seconds, files=0, path=None):
    paths = [path] if path else measure.files(bytes, files)

    async def read(i):
        data = await asyncio.to_thread(measure.read_file, paths[i % len(paths)])
        assert len(data) >= bytes

    return await by_tasks(tasks, seconds, read)


async def w7p(tasks, seconds):
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL

    async def run(_):
        child = await asyncio.create_subprocess_exec("/bin/true", stdin=null, stdout=pipe, stderr=pipe)
        assert await child.communicate() == (b"", b"") and child.returncode == 0

    return await by_tasks(tasks, seconds, run)


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


questions = {
    "w1": w1, "w2": w2, "w3": w3, "w4": w4, "w4b": w4b, "w5": w5, "w5b": w5b, "w6": w6, "w7f": w7f, "w7p": w7p,
    "w8": w8,
}

if os.environ.get("UVLOOP"):
    import uvloop

    uvloop.install()
asyncio.run(measure.main(questions))
