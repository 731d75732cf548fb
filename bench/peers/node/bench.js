// The workloads with Node's promises. A task is an async function: it runs at once up to its first await, and no task
// object exists. A group is Promise.all, or Promise.allSettled where tasks are cancelled. No promise can be cancelled,
// so a wait that shall be cancelled leaves its `reject` in a list.
"use strict";

const net = require("node:net");
const fs = require("node:fs");

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
