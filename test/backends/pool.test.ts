import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openWasm } from '../../src/backends/wasm/index.ts';
import { openPool } from '../../src/backends/wasm/pool.ts';
import { ArgumentError, DisposedError, GraphError, WorkerError } from '../../src/errors.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { network, noise } from './network.ts';

const graph = network([3, 2]);
const bindings = { batch: 1, samples: 8192 };
const backend = await openWasm();
const alone = await backend.prepare(graph, bindings);
const pcm = Array.from({ length: 12 }, (_, i) => noise(8192, `pool ${i}`));
const expected = pcm.map((samples) => alone.run([samples]).map((output) => output.slice()));

/** Ends the first threads that are started as soon as they are given work; returns how many it has ended. */
function killing(count: number): { killed: () => number; restore: () => void } {
  const post = Worker.prototype.postMessage;
  let killed = 0;
  Worker.prototype.postMessage = function (this: Worker, ...args: Parameters<typeof post>) {
    if (killed < count) {
      killed++;
      void this.terminate();
      return;
    }
    post.apply(this, args);
  };
  return { killed: () => killed, restore: () => void (Worker.prototype.postMessage = post) };
}

test('pool: many jobs give what one thread gives, to the last bit', async () => {
  const pool = await openPool({ threads: 2 });
  const outputs = await Promise.all(pcm.map((samples) => pool.run(graph, bindings, [samples])));
  assert.equal(outputs, expected);
  await pool.dispose();
});

test('pool: map yields in the order of its inputs and takes no more than the bound ahead', async () => {
  const pool = await openPool({ threads: 2, bound: 1 });
  let [taken, given] = [0, 0];
  const source = function* () {
    for (const samples of pcm) {
      taken++;
      assert.ok(taken - given <= 1 + 2 * 2 + 1, `${taken - given} ahead`);
      yield [samples];
    }
  };
  for await (const output of pool.map(graph, bindings, source())) assert.equal(output, expected[given++]);
  assert.is(given, pcm.length);
  await pool.dispose();
});

test('pool: room waits while the queue is full', async () => {
  const pool = await openPool({ threads: 1, bound: 2 });
  const jobs = pcm.slice(0, 8).map((samples) => pool.run(graph, bindings, [samples]));
  let settled = 0;
  for (const job of jobs) void job.then(() => settled++);
  await pool.room();
  // 8 jobs: 2 at the thread and fewer than 2 waiting leave at least 5 done.
  assert.ok(settled >= 4, `${settled} were done`);
  await Promise.all(jobs);
  await pool.dispose();
});

test('pool: streams carry their state', async () => {
  const pool = await openPool({ threads: 2, backend });
  const step = { batch: 1, samples: 1024 };
  const state = new Float32Array(alone.plan.stateLength);
  for (let i = 0; i < 8; i++) {
    const outputs = await pool.run(graph, step, [pcm[0]!.subarray(i * 1024, (i + 1) * 1024)], state);
    outputs.forEach((output, model) => output.forEach((value, label) => assert.ok(Math.abs(value - expected[0]![model]![i * output.length + label]!) < 1e-5)));
  }
  await pool.dispose();
  // The backend was not the pool's own.
  assert.is((await backend.prepare(graph, step)).plan.batch, 1);
});

test('pool: threads that die are replaced and their work is done again', async () => {
  const pool = await openPool({ threads: 2 });
  const killer = killing(4);
  try {
    const outputs = await Promise.all(pcm.map((samples) => pool.run(graph, bindings, [samples])));
    assert.equal(outputs, expected);
    assert.is(killer.killed(), 4);
  } finally {
    killer.restore();
  }
  await pool.dispose();
});

test('pool: a job at which every thread dies is given up, and the pool lives on', async () => {
  const pool = await openPool({ threads: 1 });
  const killer = killing(3);
  const error = await pool.run(graph, bindings, [pcm[0]!]).then(() => undefined, (reason: unknown) => reason);
  killer.restore();
  assert.instance(error, WorkerError);
  assert.match((error as Error).message, /given up after 3 worker threads died/);
  assert.equal(await pool.run(graph, bindings, [pcm[1]!]), expected[1]);
  await pool.dispose();
});

test('pool: errors of a job are its own', async () => {
  const pool = await openPool({ threads: 1 });
  const broken: Graph = { ...graph, outputs: ['nothing'] };
  const reasons = await Promise.all(
    [pool.run(broken, bindings, [pcm[0]!]), pool.run(graph, bindings, [new Int16Array(3)])].map((job) => job.then(() => undefined, (reason: unknown) => reason)),
  );
  assert.instance(reasons[0], GraphError);
  assert.instance(reasons[1], ArgumentError);
  assert.equal(await pool.run(graph, bindings, [pcm[2]!]), expected[2]);
  await pool.dispose();
});

test('pool: however many jobs, a shape is compiled once and memory stays as it is', async () => {
  const own = await openWasm();
  const pool = await openPool({ threads: 2, backend: own });
  let compiled = 0;
  own.compile = (...args) => {
    compiled++;
    return Object.getPrototypeOf(own).compile.apply(own, args);
  };
  const step = { batch: 1, samples: 1024 };
  const many = (count: number) => Promise.all(Array.from({ length: count }, () => pool.run(graph, step, [pcm[0]!.subarray(0, 1024)])));
  await many(20);
  const size = own.heap.byteLength;
  for (let i = 0; i < 10; i++) await many(300);
  assert.is(compiled, 1);
  assert.is(own.heap.byteLength, size);
  await pool.dispose();
});

test('pool: dispose refuses what waits', async () => {
  const pool = await openPool({ threads: 1 });
  const jobs = pcm.map((samples) => pool.run(graph, bindings, [samples]).then(() => undefined, (reason: unknown) => reason));
  await pool.dispose();
  for (const reason of await Promise.all(jobs)) assert.instance(reason, DisposedError);
  assert.instance(await pool.run(graph, bindings, [pcm[0]!]).catch((reason: unknown) => reason), DisposedError);
});

test('pool: threads out of range are refused', async () => {
  for (const threads of [0, 1.5, -1, NaN]) {
    assert.instance(await openPool({ threads }).catch((reason: unknown) => reason), ArgumentError);
  }
});

test('pool: the process exits by itself, with work done and without dispose', async () => {
  const file = (path: string): string => new URL(path, import.meta.url).href;
  const script = `
    import { openPool } from ${JSON.stringify(file('../../src/backends/wasm/pool.ts'))};
    import { network, noise } from ${JSON.stringify(file('./network.ts'))};
    const pool = await openPool({ threads: 2 });
    const graph = network([2]);
    const done = await Promise.all([1, 2, 3].map(() => pool.run(graph, { batch: 1, samples: 1024 }, [noise(1024)])));
    process.stdout.write(String(done.length));`;
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], { cwd: root, timeout: 20000 });
  assert.is(stdout, '3');
});

test.run();
