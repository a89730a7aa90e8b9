/** Programs are prepared once a shape, kept while they are of use, and freed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openWasm } from '../../src/backends/wasm/index.ts';
import { DeviceMemoryError, GraphError } from '../../src/errors.ts';
import { platform } from '../../src/platform/index.ts';
import { Programs } from '../../src/runtime/programs.ts';
import { tinyModel } from '../models/tiny-model.ts';
import { counted } from '../support/counted.ts';
import { noise } from '../support/webgpu-network.ts';

const { startThread } = platform;
const models = new Map([['tiny', tinyModel()]]);
const shapes = 60;
const kept = 48;
const pcm = noise(shapes * 1024);

/** One run at a length of so many steps; a copy of its output. */
async function run(programs: Programs, steps: number): Promise<Float32Array> {
  const shape = { ids: ['tiny'], batch: 1, steps };
  const [output] = await programs.run(shape, pcm.subarray(0, steps * 1024), undefined, true);
  return output.slice();
}

/** What each length gives on programs of its own. */
const expected = await Promise.all(
  Array.from({ length: shapes }, async (_, i) => run(new Programs(await openWasm(), models), i + 1)),
);

test("where no thread can be started, the caller's thread computes, several runs at once", async () => {
  platform.startThread = () => {
    throw new Error('no threads here');
  };
  try {
    const backend = await openWasm();
    const programs = new Programs(backend, models, await backend.openPool(2));
    const own = new Programs(await openWasm(), models);
    const shape = { ids: ['tiny'], batch: 1, steps: 4 };
    const parts = Array.from({ length: 6 }, (_, i) => pcm.slice(i * 1024, (i + 4) * 1024));
    const outputs = await Promise.all(parts.map((part) => programs.run(shape, part, undefined, false)));
    for (const [i, part] of parts.entries()) {
      const [expected] = await own.run(shape, part, undefined, true);
      assert.equal(outputs[i][0], expected);
    }
    assert.is(programs.threads, 1);
    await programs.dispose();
  } finally {
    platform.startThread = startThread;
  }
});

test('however many shapes come, only the last 48 stay, and the memory of the others is used again', async () => {
  const backend = await openWasm();
  const { prepared, alive } = counted(backend);
  const programs = new Programs(backend, models);
  for (let steps = 1; steps <= shapes; steps++) {
    assert.equal(await run(programs, steps), expected[steps - 1]);
    assert.is(alive(), Math.min(steps, kept));
  }
  const { byteLength } = backend.heap;
  for (let round = 0; round < 3; round++)
    for (let steps = 1; steps <= shapes; steps++) assert.equal(await run(programs, steps), expected[steps - 1]);
  assert.is(alive(), kept);
  assert.is(backend.heap.byteLength, byteLength);
  assert.is(prepared.length, 4 * shapes, 'each came back when it was gone');
  await programs.dispose();
});

test('the one used longest ago goes first', async () => {
  const backend = await openWasm();
  const { prepared } = counted(backend);
  const programs = new Programs(backend, models);
  for (let steps = 1; steps <= shapes; steps++) {
    await run(programs, steps);
    // Asked for again and again, so it stays.
    await run(programs, 1);
  }
  assert.is(prepared.filter(({ samples }) => samples === 1024).length, 1);
  await run(programs, 2);
  assert.is(prepared.filter(({ samples }) => samples === 2048).length, 2);
  await programs.dispose();
});

test('programs that are about to run are left alone, however many; the next call frees them', async () => {
  const backend = await openWasm();
  const { alive } = counted(backend);
  const programs = new Programs(backend, models);
  const all = await Promise.all(Array.from({ length: shapes }, (_, i) => run(programs, i + 1)));
  assert.equal(all, expected);
  await run(programs, 1);
  assert.is(alive(), kept);
  await programs.dispose();
});

test('a shape that could not be prepared is tried again', async () => {
  const backend = await openWasm();
  let refused = 0;
  const { prepared } = counted(backend, () => {
    if (refused++ === 0) throw new GraphError(undefined, 'not this time');
  });
  const programs = new Programs(backend, models);
  assert.instance(await run(programs, 1).catch((error: unknown) => error), GraphError);
  assert.equal(await run(programs, 1), expected[0]);
  assert.is(prepared.length, 2);
  await programs.dispose();
});

test('where there is no room, what nobody uses makes room', async () => {
  const backend = await openWasm();
  const { alive } = counted(backend, ({ samples }) => {
    if (samples === 4096 && alive() > 0) throw new DeviceMemoryError('values', 1, 0);
  });
  const programs = new Programs(backend, models);
  for (const steps of [1, 2, 3]) await run(programs, steps);
  assert.is(alive(), 3);
  assert.equal(await run(programs, 4), expected[3]);
  assert.is(alive(), 1);
  await programs.dispose();
});

test('dispose frees the backend', async () => {
  const backend = await openWasm();
  const programs = new Programs(backend, models);
  await run(programs, 1);
  await programs.dispose();
  assert.match(
    String(await backend.prepare(tinyModel().graph, { batch: 1, time: 1 }).catch((error) => error)),
    /disposed/,
  );
});

test.run();
