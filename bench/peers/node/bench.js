// The workloads with Node's promises. A task is an async function: it runs at once up to its first await, and no task
// object exists. A group is Promise.all, or Promise.allSettled where tasks are cancelled. No promise can be cancelled,
// so a wait that shall be cancelled leaves its `reject` in a list.
"use strict";

const net = require("node:net");
const fs = require("node:fs");
const execFile = require("node:util").promisify(require("node:child_process").execFile);

const now = () => Number(process.hrtime.bigint());

const WARM_NS = 0.5e9;

// As in measure.lua, but not before half a second has gone by: V8's compiler and its collector share the one core.
async function perOperation(seconds, run) {
  const wanted = seconds * 1e9;
  const warm = now() + (seconds >= 0.01 ? WARM_NS : 0);
  let count = 1;
  for (;;) {
    const began = now();
    const took = await run(count);
    if (took >= wanted && began >= warm) return took / count;
    const factor = Math.max(2, Math.min(10, (1.2 * wanted) / Math.max(took, 1)));
    if (took < wanted) count = Math.ceil(count * factor);
  }
}

const PAGE = 4096;
const resident = () => Number(fs.readFileSync("/proc/self/statm", "latin1").split(" ")[1]) * PAGE;

function makeDelays(count) {
  const list = [];
  let x = 1;
  for (let i = 0; i < count; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    list.push(Number((BigInt(x) * 1000000000n) >> 32n));
  }
  return list;
}

async function noop() {}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const questions = {};

questions.w1 = async ({ group, seconds }) => {
  const ns = await perOperation(seconds, async (count) => {
    const began = now();
    for (let i = 0; i < count; i++) {
      const tasks = [];
      for (let j = 0; j < group; j++) tasks.push(noop());
      await Promise.all(tasks);
    }
    return now() - began;
  });
  return { ns: ns / group };
};

// `await null` never lets the loop turn; setImmediate is the switch that does.
questions.w2 = async ({ tasks, seconds }) => {
  const listener = net.createServer(() => {});
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const turn = () => new Promise(setImmediate);
  async function work(times) {
    for (let i = 0; i < times; i++) await turn();
  }
  const ns = await perOperation(seconds, async (count) => {
    const began = now();
    const group = [];
    for (let i = 0; i < tasks; i++) group.push(work(count));
    await Promise.all(group);
    return now() - began;
  });
  return { ns: ns / tasks };
};

// One promise that never settles, for all who wait.
function event() {
  const never = new Promise(() => {});
  return async () => {
    await never;
  };
}

questions.w3 = async ({ tasks, mode }) => {
  const wait = mode === "sleeping" ? async () => await sleep(3600e3) : event();
  const group = new Array(tasks);
  gc();
  const before = resident();
  const began = now();
  for (let i = 0; i < tasks; i++) group[i] = wait();
  await null;
  const took = now() - began;
  return { bytes: (resident() - before) / tasks, ns: took / tasks };
};

questions.w4 = async ({ tasks }) => {
  const delays = makeDelays(tasks);
  const late = new Array(tasks).fill(0);
  async function work(i) {
    const began = now();
    await sleep(delays[i] / 1e6);
    late[i] = now() - began - delays[i];
  }
  const usage = process.cpuUsage();
  const group = [];
  for (let i = 0; i < tasks; i++) group.push(work(i));
  await Promise.all(group);
  const used = process.cpuUsage(usage);
  late.sort((a, b) => a - b);
  return {
    cpu_ns: ((used.user + used.system) * 1000) / tasks,
    min_us: late[0] / 1000,
    p50_us: late[Math.ceil(tasks * 0.5) - 1] / 1000,
    p99_us: late[Math.ceil(tasks * 0.99) - 1] / 1000,
    max_us: late[tasks - 1] / 1000,
  };
};

async function failAfter(ms, f) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("timeout")), ms);
  });
  try {
    return await Promise.race([f(), late]);
  } finally {
    clearTimeout(timer);
  }
}

questions.w4b = async ({ live, seconds }) => {
  const group = makeDelays(live).map((delay) => sleep(1000e3 + delay / 1e3));
  const ns = await perOperation(seconds, async (count) => {
    const began = now();
    for (let i = 0; i < count; i++) await failAfter(10e3, noop);
    return now() - began;
  });
  return group.length === live ? { ns } : null;
};

// A channel by hand. A waiter is an object with `done`, and with what to call: one that waits in two channels is done
// when either has called it, and those that are done are dropped when they come to an end of their queue.
class Waiters {
  constructor() {
    this.queue = [];
  }
  push(waiter) {
    while (this.queue.length > 0 && this.queue[this.queue.length - 1].done) this.queue.pop();
    this.queue.push(waiter);
  }
  take() {
    while (this.queue.length > 0) {
      const waiter = this.queue.shift();
      if (waiter.done) continue;
      waiter.done = true;
      return waiter;
    }
    return null;
  }
}

class Channel {
  constructor(capacity) {
    this.capacity = capacity;
    this.items = [];
    this.senders = new Waiters();
    this.receivers = new Waiters();
  }
  // Returns nothing when it need not wait: `await` of that is the cheapest.
  send(item) {
    const receiver = this.receivers.take();
    if (receiver) receiver.resolve(item);
    else if (this.items.length < this.capacity) this.items.push(item);
    else return new Promise((resolve) => this.senders.push({ done: false, resolve, item }));
  }
  // An item or undefined.
  poll() {
    const item = this.items.shift();
    const sender = this.senders.take();
    if (!sender) return item;
    sender.resolve();
    if (item === undefined) return sender.item;
    this.items.push(sender.item);
    return item;
  }
  receive() {
    const item = this.poll();
    if (item !== undefined) return item;
    return new Promise((resolve) => this.receivers.push({ done: false, resolve }));
  }
}

// The first item of some channels.
function select(...channels) {
  for (const channel of channels) {
    const item = channel.poll();
    if (item !== undefined) return item;
  }
  return new Promise((resolve) => {
    const waiter = { done: false, resolve };
    for (const channel of channels) channel.receivers.push(waiter);
  });
}

// A lock is a semaphore of one; it is handed to who waits longest.
class Semaphore {
  constructor(permits) {
    this.permits = permits;
    this.waiters = new Waiters();
  }
  acquire() {
    if (this.permits === 0) return new Promise((resolve) => this.waiters.push({ done: false, resolve }));
    this.permits--;
  }
  release() {
    const waiter = this.waiters.take();
    if (waiter) waiter.resolve();
    else this.permits++;
  }
}

// An event is a promise.
function makeEvent() {
  const event = {};
  event.happened = new Promise((resolve) => (event.set = resolve));
  return event;
}

async function together(...functions) {
  const began = now();
  await Promise.all(functions.map((f) => f()));
  return now() - began;
}

const channels = {};

channels.item = (count, capacity) => {
  const items = new Channel(capacity);
  return together(
    async () => {
      for (let i = 0; i < count; i++) await items.send(i);
    },
    async () => {
      for (let i = 0; i < count; i++) await items.receive();
    },
  );
};

channels.trip = (count, capacity) => {
  const there = new Channel(capacity);
  const back = new Channel(capacity);
  return together(
    async () => {
      for (let i = 0; i < count; i++) {
        await there.send(i);
        await back.receive();
      }
    },
    async () => {
      for (let i = 0; i < count; i++) await back.send(await there.receive());
    },
  );
};

questions.w5 = async ({ mode, capacity, seconds }) => {
  return { ns: await perOperation(seconds, (count) => channels[mode](count, capacity)) };
};

const talk = {};

talk.lock = (count) => {
  const lock = new Semaphore(1);
  return together(async () => {
    for (let i = 0; i < count; i++) {
      await lock.acquire();
      lock.release();
    }
  });
};

talk.semaphore = talk.lock;

talk.handed_over = (count) => {
  const lock = new Semaphore(1);
  async function turns() {
    for (let i = 0; i < count / 2; i++) {
      await lock.acquire();
      await null;
      lock.release();
    }
  }
  return together(turns, turns);
};

talk.set = (count) => {
  const event = makeEvent();
  event.set();
  return together(async () => {
    for (let i = 0; i < count; i++) await event.happened;
  });
};

talk.wake = async (count, tasks) => {
  const events = Array.from({ length: Math.ceil(count / tasks) }, makeEvent);
  async function wait() {
    for (const event of events) await event.happened;
  }
  async function wakeAll() {
    for (const event of events) {
      await null;
      event.set();
    }
  }
  const took = await together(...new Array(tasks).fill(wait), wakeAll);
  return (took * count) / (events.length * tasks);
};

talk.ready = (count) => {
  const idle = new Channel(1);
  const items = new Channel(1);
  return together(async () => {
    for (let i = 0; i < count; i++) {
      await items.send(i);
      await select(idle, items);
    }
  });
};

talk.waiting = (count) => {
  const idle = new Channel(1);
  const items = new Channel(1);
  return together(
    async () => {
      for (let i = 0; i < count; i++) await items.send(i);
    },
    async () => {
      for (let i = 0; i < count; i++) await select(idle, items);
    },
  );
};

questions.w5b = async ({ mode, seconds, tasks }) => {
  return { ns: await perOperation(seconds, (count) => talk[mode](count, tasks)) };
};

class Failure extends Error {}

const cancelled = new Error("cancelled");

async function waitIn(group) {
  await new Promise((_, reject) => group.push(reject));
}

questions.w6 = async ({ tasks, mode }) => {
  if (mode === "event") return null;
  const group = [];
  const running = [];
  for (let i = 0; i < tasks; i++) running.push(waitIn(group));
  const all = Promise.allSettled(running);
  await null;
  const began = now();
  for (const reject of group) reject(cancelled);
  await all;
  return { ns: (now() - began) / tasks };
};

function makeFiles(bytes, count) {
  const folder = `build/bench/files/${bytes}`;
  fs.mkdirSync(folder, { recursive: true });
  const paths = Array.from({ length: count }, (_, i) => `${folder}/${i + 1}`);
  for (const path of paths) if (!fs.existsSync(path)) fs.writeFileSync(path, "x".repeat(bytes));
  return paths;
}

// Of so many tasks, each of which awaits work(i) with numbers of its own.
async function byTasks(tasks, seconds, work) {
  async function repeat(task, count) {
    for (let i = 0; i < count; i++) await work(i * tasks + task);
  }
  const ns = await perOperation(seconds, async (count) => {
    const began = now();
    await Promise.all(Array.from({ length: tasks }, (_, task) => repeat(task, count)));
    return now() - began;
  });
  return { ns: ns / tasks };
}

questions.w7f = async ({ bytes, files, path, tasks, seconds }) => {
  const paths = path ? [path] : makeFiles(bytes, files);
  return byTasks(tasks, seconds, async (i) => {
    const data = await fs.promises.readFile(paths[i % paths.length]);
    if (data.length < bytes) throw new Error("bytes were lost");
  });
};

questions.w7p = async ({ tasks, seconds }) =>
  byTasks(tasks, seconds, async () => {
    const { stdout, stderr } = await execFile("/bin/true");
    if (stdout !== "" || stderr !== "") throw new Error("it printed something");
  });

async function fail() {
  throw new Failure("broken");
}

async function failAmongNine() {
  const group = [];
  const running = [];
  for (let i = 0; i < 9; i++) running.push(waitIn(group));
  running.push(fail());
  try {
    await Promise.all(running);
  } catch (error) {
    for (const reject of group) reject(cancelled);
    await Promise.allSettled(running);
    throw error;
  }
}

questions.w8 = async ({ seconds }) => {
  const ns = await perOperation(seconds, async (count) => {
    let matched = 0;
    const began = now();
    for (let i = 0; i < count; i++) {
      try {
        await failAmongNine();
      } catch (error) {
        if (error instanceof Failure) matched++;
      }
    }
    const took = now() - began;
    if (matched !== count) throw new Error("an error was lost");
    return took;
  });
  return { ns };
};

async function main() {
  const [workload, ...words] = process.argv.slice(2);
  const values = {};
  for (const word of words) {
    const [key, text] = word.split("=");
    values[key] = Number.isNaN(Number(text)) ? text : Number(text);
  }
  const question = questions[workload];
  const figures = question ? await question(values) : null;
  const shown = figures ? Object.entries(figures).map(([name, value]) => `${name} ${value.toFixed(3)}`) : ["none"];
  fs.writeSync(1, shown.join(" ") + "\n");
  process.exit(0);
}

main();
