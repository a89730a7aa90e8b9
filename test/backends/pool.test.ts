import { execFile } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import workerThreads, { type Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openWasm, type WasmBackend } from '../../src/backends/wasm/index.ts';
import type { WasmPool } from '../../src/backends/wasm/pool.ts';
import { ArgumentError, DeviceLimitError, DisposedError, GraphError, WorkerError } from '../../src/errors.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { seeded } from '../support/random.ts';
import { network, noise } from './network.ts';

const graph = network([3, 2]);
const bindings = { batch: 1, samples: 8192 };
const backend = await openWasm();
const alone = await backend.prepare(graph, bindings);
const pcm = Array.from({ length: 12 }, (_, i) => noise(8192, `pool ${i}`));
const expected = pcm.map((samples) => alone.run([samples]).map((output) => output.slice()));

/** Ends the first threads that are started, at once or when they are at work. */
function killing(count: number, when: 'at once' | 'at work'): { killed: () => number; restore: () => void } {
  let killed = 0;
  const kill = (worker: Worker): void => {
    if (killed++ >= count) return;
    if (when === 'at once') void worker.terminate();
    else worker.once('online', () => void worker.terminate());
  };
  process.on('worker', kill);
  return { killed: () => killed, restore: () => void process.off('worker', kill) };
}

/** The bytes that are allocated in a backend's memory. */
function watched({ heap }: WasmBackend): () => number {
  const pieces = new Map<number, number>();
  const { allocate, free } = heap;
  heap.allocate = (bytes) => {
    const address = allocate.call(heap, bytes);
    pieces.set(address, bytes);
    return address;
  };
  heap.free = (address) => {
    free.call(heap, address);
    pieces.delete(address);
  };
  return () => [...pieces.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** A backend whose programs for `samples` stop the thread that runs them. */
async function poisoned(samples: number): Promise<WasmBackend> {
  const own = await openWasm();
  own.place = (compiled, workspace) => {
    const program = Object.getPrototypeOf(own).place.call(own, compiled, workspace);
    if (compiled.inputs[0].length === samples) own.heap.words(program.entry, 1)[0] = 99;
    return program;
  };
  return own;
}

/** In a memory of its own where no backend is given. */
async function openPool({ threads, backend }: { threads: number; backend?: WasmBackend }): Promise<WasmPool> {
  return (backend ?? (await openWasm())).openPool(threads);
}

const reasonOf = (job: Promise<unknown>): Promise<unknown> =>
  job.then(
    () => undefined,
    (reason: unknown) => reason,
  );

test('pool: many jobs give what one thread gives, to the last bit', async () => {
  const pool = await openPool({ threads: 2 });
  const outputs = await Promise.all(pcm.map((samples) => pool.run(graph, bindings, [samples])));
  assert.equal(outputs, expected);
  await pool.dispose();
});

test('pool: streams carry their state', async () => {
  const pool = await openPool({ threads: 2, backend });
  const step = { batch: 1, samples: 1024 };
  const state = new Float32Array(alone.plan.stateLength);
  for (let i = 0; i < 8; i++) {
    const outputs = await pool.run(graph, step, [pcm[0].subarray(i * 1024, (i + 1) * 1024)], state);
    outputs.forEach((output, model) =>
      output.forEach((value, label) =>
        assert.ok(Math.abs(value - expected[0][model][i * output.length + label]) < 1e-5),
      ),
    );
  }
  await pool.dispose();
  // The backend outlives its pool.
  assert.is((await backend.prepare(graph, step)).plan.batch, 1);
});

test('pool: threads that die are replaced and their work is done again', async () => {
  for (const when of ['at once', 'at work'] as const) {
    const pool = await openPool({ threads: 2 });
    const killer = killing(2, when);
    try {
      const outputs = await Promise.all(pcm.map((samples) => pool.run(graph, bindings, [samples])));
      assert.equal(outputs, expected);
      assert.ok(killer.killed() >= 3, `${killer.killed()} threads were started`);
    } finally {
      killer.restore();
    }
    await pool.dispose();
  }
});

test('pool: a job at which every thread dies is given up, the others are done', async () => {
  const pool = await openPool({ threads: 2, backend: await poisoned(1024) });
  const bad = reasonOf(pool.run(graph, { batch: 1, samples: 1024 }, [pcm[0].subarray(0, 1024)]));
  assert.equal(await Promise.all(pcm.map((samples) => pool.run(graph, bindings, [samples]))), expected);
  const error = await bad;
  assert.instance(error, WorkerError);
  assert.match((error as Error).message, /given up after 3 worker threads died/);
  assert.match(String((error as Error).cause), /RuntimeError/);
  await pool.dispose();
});

test('pool: where no thread comes up, jobs are refused, and done once one does', async () => {
  const pool = await openPool({ threads: 1 });
  const killer = killing(3, 'at once');
  assert.instance(await reasonOf(pool.run(graph, bindings, [pcm[0]])), WorkerError);
  killer.restore();
  const { Worker: Original } = workerThreads;
  workerThreads.Worker = class {
    constructor() {
      throw new Error('no more threads');
    }
  } as unknown as typeof Worker;
  syncBuiltinESMExports();
  const reasons = await Promise.all(pcm.map((samples) => reasonOf(pool.run(graph, bindings, [samples]))));
  workerThreads.Worker = Original;
  syncBuiltinESMExports();
  for (const reason of reasons) assert.match(String(reason), /no more threads/);
  assert.equal(await pool.run(graph, bindings, [pcm[1]]), expected[1]);
  await pool.dispose();
});

test('pool: a state that is gone when a job is done fails that job alone', async () => {
  const pool = await openPool({ threads: 1 });
  const state = new Float32Array(alone.plan.stateLength);
  const jobs = [pool.run(graph, bindings, [pcm[0]], state), pool.run(graph, bindings, [pcm[1]])];
  structuredClone(state, { transfer: [state.buffer] });
  assert.instance(await reasonOf(jobs[0]), TypeError);
  assert.equal(await jobs[1], expected[1]);
  await pool.dispose();
});

test('pool: errors of a job are its own', async () => {
  const pool = await openPool({ threads: 1 });
  const broken: Graph = { ...graph, outputs: ['nothing'] };
  const reasons = await Promise.all(
    [pool.run(broken, bindings, [pcm[0]]), pool.run(graph, bindings, [new Int16Array(3)])].map(reasonOf),
  );
  assert.instance(reasons[0], GraphError);
  assert.instance(reasons[1], ArgumentError);
  assert.equal(await pool.run(graph, bindings, [pcm[2]]), expected[2]);
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
  const many = (count: number) =>
    Promise.all(Array.from({ length: count }, () => pool.run(graph, step, [pcm[0].subarray(0, 1024)])));
  await many(20);
  const size = own.heap.byteLength;
  for (let i = 0; i < 10; i++) await many(300);
  assert.is(compiled, 1);
  assert.is(own.heap.byteLength, size);
  await pool.dispose();
});

test('pool: many shapes, errors and dead threads leave nothing in memory', async () => {
  const own = await poisoned(2048);
  const inUse = watched(own);
  const pool = await openPool({ threads: 2, backend: own });
  const shape = (samples: number, of = graph) => pool.run(of, { batch: 1, samples }, [noise(samples)]);
  const sizes: number[] = [];
  for (let sweep = 0; sweep < 3; sweep++) {
    // Each graph is one of its own; weights are shared by all.
    for (let i = 0; i < 20; i++) await Promise.all([3, 4, 5].map((steps) => shape(1024 * steps, { ...graph })));
    assert.instance(await reasonOf(pool.run(graph, bindings, [new Int16Array(3)])), ArgumentError);
    assert.instance(await reasonOf(shape(1024, { ...graph, outputs: ['nothing'] })), GraphError);
    assert.instance(await reasonOf(shape(2048)), WorkerError);
    sizes.push(inUse());
  }
  assert.ok(sizes[2] <= 1.1 * sizes[0], `${sizes.join(', ')} bytes`);
  const { allocate } = own.heap;
  let allowed = 0;
  own.heap.allocate = (bytes) => {
    if (--allowed < 0) throw new DeviceLimitError('memory', bytes, 0);
    return allocate(bytes);
  };
  // The first allocation of a larger program is refused, then its second.
  for (; allowed < 2; allowed++) {
    const given = allowed;
    assert.instance(await reasonOf(shape(65536)), DeviceLimitError);
    allowed = given;
  }
  await pool.dispose();
  assert.is(inUse(), 0);
});

/** Log-mel and one layer with weights of its own: audio [batch, samples] to [batch, samples / 256, 8]. */
function layer(seed: string): Graph {
  const random = seeded(seed);
  return {
    inputs: [{ name: 'pcm', shape: ['batch', 'samples'], type: 'int16' }],
    nodes: [
      { name: 'features', op: 'logmel', inputs: ['pcm'], outputs: ['features'], attributes: {} },
      { name: 'layer', op: 'dense', inputs: ['features', 'w'], outputs: ['y'], attributes: {} },
    ],
    constants: new Map([['w', { shape: [64, 8], data: Float32Array.from({ length: 512 }, () => random.normal()) }]]),
    outputs: ['y'],
  };
}

test('pool: more graphs than it keeps, all waiting at once, are each computed with their own weights', async () => {
  const pool = await openPool({ threads: 1 });
  // 32 are kept, and the first ones are still needed while all others are queued.
  const graphs = Array.from({ length: 80 }, (_, i) => layer(`layer ${i}`));
  const outputs = await Promise.all(graphs.map((own) => pool.run(own, bindings, [pcm[0]])));
  for (const [i, own] of graphs.entries()) {
    const program = await backend.prepare(own, bindings);
    assert.equal(outputs[i], program.run([pcm[0]]), `graph ${i}`);
    program.dispose();
  }
  await pool.dispose();
});

test('pool: dispose refuses what waits', async () => {
  const pool = await openPool({ threads: 1 });
  const jobs = pcm.map((samples) =>
    pool.run(graph, bindings, [samples]).then(
      () => undefined,
      (reason: unknown) => reason,
    ),
  );
  await pool.dispose();
  for (const reason of await Promise.all(jobs)) assert.instance(reason, DisposedError);
  assert.instance(await pool.run(graph, bindings, [pcm[0]]).catch((reason: unknown) => reason), DisposedError);
});

test('pool: the process exits by itself, with work done and without dispose', async () => {
  const file = (path: string): string => new URL(path, import.meta.url).href;
  const script = `
    import { openWasm } from ${JSON.stringify(file('../../src/backends/wasm/index.ts'))};
    import { network, noise } from ${JSON.stringify(file('./network.ts'))};
    const pool = await (await openWasm()).openPool(2);
    const graph = network([2]);
    const done = await Promise.all([1, 2, 3].map(() => pool.run(graph, { batch: 1, samples: 1024 }, [noise(1024)])));
    process.stdout.write(String(done.length));`;
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', script],
    { cwd: root, timeout: 60000 },
  );
  assert.is(stdout, '3');
});

test.run();
