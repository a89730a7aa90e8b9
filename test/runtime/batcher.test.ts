import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool } from '../../src/backends/backend.ts';
import { close, parity } from '../../src/backends/tolerances.ts';
import { openWasm } from '../../src/backends/wasm/index.ts';
import { DeviceLimitError, DeviceMemoryError, DisposedError, UndertoneError } from '../../src/errors.ts';
import { loadModel } from '../../src/models/model-file.ts';
import { Batcher, type StepProbabilities } from '../../src/runtime/batcher.ts';
import { Programs } from '../../src/runtime/programs.ts';
import { noise } from '../backends/network.ts';
import { tinyModel } from '../models/tiny-model.ts';
import { counted } from '../support/counted.ts';
import { assertClose } from '../support/parity.ts';
import { webgpuForTests } from '../support/webgpu.ts';

const weights = new URL('../../weights/speech.model', import.meta.url).pathname;
const models = new Map([['speech', await loadModel(weights)]]);

/** The batch sizes in which so many chunks of so many steps go to a pool of two threads. */
async function batches(chunks: number, steps: number): Promise<number[]> {
  const sizes: number[] = [];
  const pool: Pool = {
    threads: 2,
    run: async (_graph, { batch }) => {
      sizes.push(batch);
      // As if it took its time, so that the other thread's share is taken meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 50));
      return [new Float32Array(batch * steps * models.get('speech')!.labels.length)];
    },
    dispose: async () => {},
  };
  const batcher = new Batcher(new Programs(await openWasm(), models, pool));
  const pcm = noise(steps * 1024);
  await Promise.all(Array.from({ length: chunks }, () => batcher.analyzeChunk(pcm, ['speech'])));
  await batcher.dispose();
  return sizes;
}

test('batcher: what waits is shared among the threads', async () => {
  assert.equal(await batches(8, 64), [4, 4]);
  assert.equal(await batches(16, 16), [8, 8]);
  assert.equal(await batches(2, 64), [1, 1]);
  assert.is(
    (await batches(256, 16)).reduce((sum, size) => sum + size),
    256,
  );
});

test('batcher: little work stays one batch, on the thread of the caller', async () => {
  assert.equal(await batches(1, 64), []);
  assert.equal(await batches(2, 16), []);
  assert.equal(await batches(8, 1), []);
});

/** Sixteen chunks at once, through a batcher on the CPU whose device takes no batch beyond 4; batches that were prepared. */
async function limited(error: (batch: number) => Error): Promise<{ first: number[]; second: number[] }> {
  const backend = await openWasm();
  const { prepared } = counted(backend, ({ batch }) => {
    if (batch > 4) throw error(batch);
  });
  const batcher = new Batcher(new Programs(backend, new Map([['tiny', tinyModel()]])));
  const chunks = Array.from({ length: 16 }, (_, i) => noise(1024, `chunk ${i}`));
  const together = () => Promise.all(chunks.map((chunk) => batcher.analyzeChunk(chunk, ['tiny'])));
  const first = await together();
  const tried = prepared.splice(0).map(({ batch }) => batch);
  const second = await together();
  assert.equal(second, first);
  for (const [i, chunk] of chunks.entries())
    assertClose(first[i].tiny, (await batcher.analyzeChunk(chunk, ['tiny'])).tiny, parity, `chunk ${i}`);
  await batcher.dispose();
  return { first: tried, second: prepared.map(({ batch }) => batch) };
}

test('batcher: a limit of the device is remembered', async () => {
  const { first, second } = await limited((batch) => new DeviceLimitError('rows', batch, 4));
  assert.equal(first, [16, 8, 4]);
  assert.equal(second, [1], 'the single chunks at the end alone are new');
});

test('batcher: memory may be free again later, so what found no room is tried again', async () => {
  const { first, second } = await limited((batch) => new DeviceMemoryError('values', batch, 4));
  // Each is tried twice: once more when unused programs have made room.
  assert.equal([...new Set(first)], [16, 8, 4]);
  assert.equal([...new Set(second)], [16, 8, 4, 1]);
});

test('batcher: an error that is no limit reaches every call of its batch', async () => {
  const backend = await openWasm();
  counted(backend, () => {
    throw new Error('broken');
  });
  const batcher = new Batcher(new Programs(backend, new Map([['tiny', tinyModel()]])));
  const calls = Array.from({ length: 3 }, () => batcher.analyzeChunk(noise(1024), ['tiny']));
  const outcomes = await Promise.allSettled(calls);
  assert.equal(
    outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.message),
    new Array(3).fill('the computation failed: broken'),
  );
  for (const outcome of outcomes) assert.instance((outcome as PromiseRejectedResult).reason, UndertoneError);
  await batcher.dispose();
});

test('batcher: what is thrown within its loop rejects the calls that wait, and the next call works', async () => {
  const batcher = new Batcher(new Programs(await openWasm(), new Map([['tiny', tinyModel()]])));
  const evil = {
    throwIfAborted() {},
    get aborted(): boolean {
      throw new RangeError('not today');
    },
  } as unknown as AbortSignal;
  const calls = [undefined, evil].map((signal) => batcher.analyzeChunk(noise(1024), ['tiny'], signal));
  for (const outcome of await Promise.allSettled(calls)) {
    assert.is(outcome.status, 'rejected');
    assert.match((outcome as PromiseRejectedResult).reason.message, /not today/);
  }
  assert.is((await batcher.analyzeChunk(noise(1024), ['tiny'])).tiny.length, 8);
  await batcher.dispose();
});

test('batcher: an output that is no probability is an error that names the model', async () => {
  const model = tinyModel();
  const constants = new Map(model.graph.constants);
  constants.set('matrix', { shape: [4, 2], data: new Float32Array(8).fill(40) });
  const nodes = model.graph.nodes.slice(0, 2);
  const logits = { ...model, graph: { ...model.graph, nodes, constants, outputs: ['logits'] } };
  const batcher = new Batcher(new Programs(await openWasm(), new Map([['tiny', logits]])));
  await batcher.analyzeChunk(noise(1024), ['tiny']).then(
    () => assert.unreachable(),
    (error) => assert.match(error.message, /^tiny\.model: it gave -?[\d.]+ where a probability must stand/),
  );
  await batcher.dispose();
});

/** Long and short chunks, streams, and other models, all waiting at once, against each on its own. */
test('batcher: whatever waits together gets what it would get alone', async () => {
  const own = new Map([
    ['tiny', tinyModel()],
    ['twin', { ...tinyModel(), name: 'twin', version: 4 }],
  ]);
  const batcher = new Batcher(new Programs(await openWasm(), own));
  const alone = async (work: (single: Batcher) => Promise<StepProbabilities>): Promise<StepProbabilities> => {
    const single = new Batcher(new Programs(await openWasm(), own));
    const answer = await work(single);
    await single.dispose();
    return answer;
  };
  const calls: ((single: Batcher) => Promise<StepProbabilities>)[] = [];
  // 9 and 11 steps are filled up to 10 and 12; loud first, so that what is left of it would be heard.
  for (const steps of [10, 12, 9, 11, 1, 2, 1, 9, 11]) {
    const pcm = noise(steps * 1024, `chunk ${calls.length}`);
    for (const ids of [['tiny'], ['twin'], ['tiny', 'twin']]) calls.push((on) => on.analyzeChunk(pcm, ids));
  }
  for (const steps of [1, 2, 3, 8]) {
    const pcm = noise(3 * steps * 1024, `stream ${steps}`);
    calls.push(async (on) => {
      const stream = on.openStream(['tiny']);
      const parts: number[] = [];
      for (let i = 0; i < 3; i++) {
        const piece = pcm.subarray(i * steps * 1024, (i + 1) * steps * 1024);
        parts.push(...(await on.analyzeStream(piece, stream)).tiny);
      }
      return { tiny: parts };
    });
  }
  const expected = [];
  for (const call of calls) expected.push(await alone(call));
  for (let round = 0; round < 2; round++) {
    const got = await Promise.all(calls.map((call) => call(batcher)));
    for (const [i, answer] of got.entries()) {
      assert.equal(Object.keys(answer), Object.keys(expected[i]), `call ${i}`);
      for (const id of Object.keys(answer)) assertClose(answer[id], expected[i][id], close, `call ${i}, ${id}`);
    }
  }
  await batcher.dispose();
});

test('batcher: behind a chunk that does not fill its run there is silence, not what was heard before', async () => {
  const { graph, ...rest } = tinyModel();
  // It looks one frame ahead, so the last step hears what is behind the chunk.
  const [conv, ...nodes] = graph.nodes;
  const ahead = { ...conv, attributes: { ...conv.attributes, pads: [1, 1] } };
  const looking = new Map([['tiny', { ...rest, graph: { ...graph, nodes: [ahead, ...nodes] } }]]);
  const batcher = new Batcher(new Programs(await openWasm(), looking));
  const short = noise(9 * 1024, 'short');
  const before = await batcher.analyzeChunk(short, ['tiny']);
  const filled = new Int16Array(10 * 1024);
  filled.set(short);
  assert.equal((await batcher.analyzeChunk(filled, ['tiny'])).tiny.slice(0, before.tiny.length), before.tiny);
  // Two of 5 steps take the buffer that one of 9, filled up to 10, takes as well.
  await Promise.all([0, 1].map((i) => batcher.analyzeChunk(noise(5 * 1024, `loud ${i}`), ['tiny'])));
  assert.equal(await batcher.analyzeChunk(short, ['tiny']), before);
  await batcher.dispose();
});

test('batcher: a chunk beyond the longest run is heard in runs, the state carried over', async () => {
  const batcher = new Batcher(new Programs(await openWasm(), new Map([['tiny', tinyModel()]])));
  const pcm = noise(150 * 1024, 'long');
  const whole = (await batcher.analyzeChunk(pcm, ['tiny'])).tiny;
  const stream = batcher.openStream(['tiny']);
  const steps: number[] = [];
  for (let i = 0; i < 150; i++)
    steps.push(...(await batcher.analyzeStream(pcm.subarray(i * 1024, (i + 1) * 1024), stream)).tiny);
  assertClose(whole, steps, close, 'in one call and step by step');
  await batcher.dispose();
});

test('batcher: after dispose calls are refused in the name of the engine', async () => {
  const batcher = new Batcher(new Programs(await openWasm(), new Map([['tiny', tinyModel()]])));
  await batcher.dispose();
  const error = await batcher.analyzeChunk(noise(1024), ['tiny']).catch((reason: unknown) => reason);
  assert.instance(error, DisposedError);
  assert.match((error as Error).message, /the engine/);
});

/** A test on WebGPU, left out where there is none. */
const backends = {
  small: await webgpuForTests({ limits: { maxStorageBufferBindingSize: 48 << 10 } }),
  plain: await webgpuForTests(),
};
const gpuTest = backends.small ? test : test.skip;
const isSoftware = /swiftshader/i.test(backends.plain?.adapter ?? '');

gpuTest('batcher: a batch beyond the limits of the device is divided, and not tried again', async () => {
  const backend = backends.small!;
  const { prepared } = counted(backend);
  const tiny = new Map([['tiny', tinyModel()]]);
  const batcher = new Batcher(new Programs(backend, tiny));
  const chunks = Array.from({ length: 64 }, (_, i) => noise(1024, `chunk ${i}`));
  const together = (): Promise<StepProbabilities[]> =>
    Promise.all(chunks.map((chunk) => batcher.analyzeChunk(chunk, ['tiny'])));
  const first = await together();
  const batches = (): number[] => prepared.map(({ batch }) => batch);
  const tried = batches();
  assert.is(Math.max(...tried), 64);
  const fitting = tried.at(-1)!;
  assert.ok(fitting < 64, `${tried}`);
  await together();
  const other = new Batcher(new Programs(await openWasm(), tiny));
  for (const i of [0, fitting - 1, fitting, 63]) {
    assertClose(first[i].tiny, (await other.analyzeChunk(chunks[i], ['tiny'])).tiny, parity, `chunk ${i}`);
  }
  await other.dispose();
  assert.is(batches().filter((batch) => batch > fitting).length, Math.log2(64 / fitting), `${batches()}`);
  await batcher.dispose();
});

// Another GPU may well have room for what a software GPU refuses.
const softwareTest = isSoftware ? test : test.skip;
softwareTest(
  'batcher: where the GPU has no room for another shape, the shapes that nobody uses make room',
  async () => {
    const backend = backends.plain!;
    const { prepared } = counted(backend);
    const { device } = backend;
    const create = device.createBuffer;
    let held = 0;
    device.createBuffer = function (descriptor) {
      if (descriptor.label !== 'values') return create.call(this, descriptor);
      // As if the GPU had room for one shape; a software GPU has not as much as the largest buffer.
      const fits = held + descriptor.size <= 500_000;
      const buffer = create.call(this, { ...descriptor, size: fits ? descriptor.size : device.limits.maxBufferSize });
      if (!fits) return buffer;
      held += descriptor.size;
      const destroy = buffer.destroy;
      buffer.destroy = function () {
        held -= descriptor.size;
        return destroy.call(this);
      };
      return buffer;
    };
    const batcher = new Batcher(new Programs(backend, new Map([['tiny', tinyModel()]])));
    const other = new Batcher(new Programs(await openWasm(), new Map([['tiny', tinyModel()]])));
    for (const steps of [1, 2, 1]) {
      const chunks = Array.from({ length: 64 }, (_, i) => noise(steps * 1024, `chunk ${i}`));
      const heard = await Promise.all(chunks.map((chunk) => batcher.analyzeChunk(chunk, ['tiny'])));
      for (const i of [0, 63])
        assertClose(heard[i].tiny, (await other.analyzeChunk(chunks[i], ['tiny'])).tiny, parity, `chunk ${i}`);
    }
    // The second and the third shape find no room at first.
    assert.equal(
      prepared.map(({ batch }) => batch),
      [64, 64, 64, 64, 64],
    );
    await Promise.all([batcher.dispose(), other.dispose()]);
  },
);

test.run();
