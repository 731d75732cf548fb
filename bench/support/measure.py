"""What the Python programs of bench share; measure.lua beside it says what each part is for."""
import math
import os
import sys
import time

now = time.monotonic_ns


async def per_operation(seconds, run):
    wanted, count = seconds * 1e9, 1
    while True:
        took = await run(count)
        if took >= wanted:
            return took / count
        count = math.ceil(count * max(2, min(10, 1.2 * wanted / max(took, 1))))


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


class Footprint:
    """with Footprint(tasks) as figures: make them and let them block."""

    def __init__(self, tasks):
        self.tasks, self.figures = tasks, {}

    def __enter__(self):
        self.before, self.began = resident(), now()
        return self.figures

    def __exit__(self, *_):
        self.figures["ns"] = (now() - self.began) / self.tasks
        self.figures["bytes"] = (resident() - self.before) / self.tasks


def delays(count):
    result, x = [], 1
    for _ in range(count):
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
        result.append(x * 1000000000 >> 32)
    return result


async def sleeps(count, run):
    wanted, late = delays(count), [0] * count
    cpu = time.process_time_ns()
    await run(wanted, late)
    cpu = time.process_time_ns() - cpu
    late.sort()
    return {
        "cpu_ns": cpu / count,
        "min_us": late[0] / 1000,
        "p50_us": late[math.ceil(count * 0.50) - 1] / 1000,
        "p99_us": late[math.ceil(count * 0.99) - 1] / 1000,
        "max_us": late[-1] / 1000,
    }


def files(size, count):
    folder = f"build/bench/files/{size}"
    os.makedirs(folder, exist_ok=True)
    paths = [f"{folder}/{i + 1}" for i in range(count)]
    for path in paths:
        if not os.path.exists(path):
            with open(path, "wb") as file:
                file.write(b"x" * size)
    return paths


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


def read_arguments():
    def value(text):
        for kind in (int, float, str):
            try:
                return kind(text)
            except ValueError:
                pass

    return {key: value(text) for key, text in (word.split("=") for word in sys.argv[2:])}


def finish(figures):
    """Prints the figures and ends the process at once: taking a million tasks down is not measured here."""
    print(" ".join(f"{name} {value:.3f}" for name, value in figures.items()) if figures else "none", flush=True)
    os._exit(0)


async def main(questions):
    question = questions.get(sys.argv[1])
    finish(await question(**read_arguments()) if question else None)
