/** Programs on WebGPU: whole networks, streams, what a run allocates, limits, and what happens to a lost device. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { parity } from '../../src/backends/tolerances.ts';
import { openWebGPU, type WebGPUBackend } from '../../src/backends/webgpu/index.ts';
import {
  ArgumentError,
  DeviceLimitError,
  DeviceLostError,
  DisposedError,
  GpuCommandError,
  GraphError,
} from '../../src/errors.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { opCase } from '../ops/op-case.ts';
import { assertClose, assertMatchesReference, assertStreams } from '../support/parity.ts';
import { countObjects, webgpuForTests } from '../support/webgpu.ts';
import { frontCase, tilesCases } from '../support/webgpu-cases.ts';
import { networkOf, noise } from '../support/webgpu-network.ts';

const step = 1024;
const graph = networkOf([3, 2]);
/** For tests of a device of their own: pipelines are dear to make on a software GPU. */
const small: Graph = {
  inputs: [{ name: 'x', shape: ['batch', 'time', 4], type: 'float32' }],
  nodes: [
    {
      name: 'conv',
      op: 'conv',
      inputs: ['x', 'kernel'],
      outputs: ['h'],
      attributes: { pads: [2, 0], activation: 'relu' },
    },
    { name: 'dense', op: 'dense', inputs: ['h', 'matrix'], outputs: ['y'], attributes: {} },
  ],
  constants: new Map([
    ['kernel', { shape: [3, 4, 8], data: Float32Array.from({ length: 96 }, (_, i) => Math.sin(i)) }],
    ['matrix', { shape: [8, 3], data: Float32Array.from({ length: 24 }, (_, i) => Math.cos(i)) }],
  ]),
  outputs: ['y'],
};
const floats = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(i * i));
const backend = await webgpuForTests();
const gpuTest = backend ? test : test.skip;
const softwareTest = /swiftshader/i.test(backend?.adapter ?? '') ? test : test.skip;

/** Opens a device of its own and disposes it, whatever happens. */
async function withBackend(work: (own: WebGPUBackend) => Promise<void>, options = {}): Promise<void> {
  const own = (await webgpuForTests(options))!;
  try {
    await work(own);
  } finally {
    own.dispose();
  }
}

const copied = async (run: Promise<Float32Array[]>): Promise<Float32Array[]> =>
  (await run).map((output) => output.slice());

gpuTest('a network with two outputs equals the reference, batch by batch', async () => {
  for (const [batch, steps] of [
    [1, 1],
    [1, 5],
    [3, 4],
  ] as const) {
    const bindings = { batch, samples: steps * step };
    const pcm = noise(batch * steps * step, `${batch}`);
    const expected = (await new ReferenceBackend().prepare(graph, bindings)).run([pcm]);
    const program = await backend!.prepare(graph, bindings);
    const got = await program.run([pcm]);
    expected.forEach((output, i) => assertClose(got[i], output, parity, `batch ${batch}, ${steps} steps, output ${i}`));
    program.dispose();
  }
});

gpuTest('tiles, few rows and straight convolution give the same, with everything in the epilogue', async () => {
  for (const each of tilesCases) {
    await assertMatchesReference(backend!, each);
    await assertStreams(backend!, each);
    const program = await backend!.prepare(each.graph, {});
    assert.equal(
      program.describe().steps.map(({ kernel }) => kernel.file),
      ['tiles.wgsl'],
      each.title,
    );
    program.dispose();
  }
});

gpuTest(
  "a classifier's end: a layer of one to five units, and the softmax over them in the same dispatch",
  async () => {
    for (const units of [1, 2, 3, 4, 5])
      for (const log of [0, 1]) {
        const { graph: plain, inputs } = opCase('dense', `${units} units`, [[2, 5, 35]], {
          constants: [[35, units], [units]],
          scale: 2,
        });
        const softmax = { name: 'softmax', op: 'softmax', inputs: ['y0'], outputs: ['p'], attributes: { log } };
        // So far below 0 that places beside the units, which hold 0, must not count.
        const low = { shape: [units], data: Float32Array.from({ length: units }, (_, i) => i - 200) };
        const dense = log ? plain : { ...plain, constants: new Map([...plain.constants, ['c1', low]]) };
        const ending: Graph = { ...dense, nodes: [...dense.nodes, softmax], outputs: ['p'] };
        await assertMatchesReference(backend!, { title: `${units} units, log ${log}`, graph: ending, inputs });
        const program = await backend!.prepare(ending, {});
        assert.is(program.describe().steps.length, units <= 4 ? 1 : 2);
        program.dispose();
      }
  },
);

gpuTest('many rows of a convolution with one channel in; a constant repeated by the row', async () => {
  const program = await backend!.prepare(frontCase.graph, {});
  assert.is(program.describe().steps[0].kernel.entry, 'wider');
  program.dispose();
  await assertMatchesReference(backend!, frontCase);
  await assertStreams(backend!, frontCase);
  for (const [a, b] of [
    [[3, 5, 8], [8]],
    [
      [3, 5, 8],
      [5, 8],
    ],
    [[3, 5, 7], [7]],
    [[8], [3, 5, 8]],
  ]) {
    await assertMatchesReference(
      backend!,
      opCase('binary', `subtract ${a} and ${b}`, [a], {
        constants: [b],
        attributes: { kind: 'subtract', activation: 'tanh' },
      }),
    );
  }
});

gpuTest('five networks in one graph: equal steps share dispatches, each keeps its own numbers', async () => {
  const classes = [2, 3, 2, 4, 2];
  const many = networkOf(classes, { width: 8, hidden: 8 });
  const bindings = { batch: 2, samples: 2 * step };
  const pcm = noise(4 * step);
  const expected = (await new ReferenceBackend().prepare(many, bindings)).run([pcm]);
  const program = await backend!.prepare(many, bindings);
  // Four jobs a dispatch: two dispatches a layer for five networks, and log-mel once.
  assert.is(program.dispatches, 1 + 2 * 10);
  const got = await program.run([pcm]);
  expected.forEach((output, i) => assertClose(got[i], output, parity, `network ${i}`));
  program.dispose();
});

gpuTest('room for the state of many streams is made when it is first asked for', async () => {
  const program = await backend!.prepare(small, { batch: 20000, time: 1 });
  const x = floats(80000);
  const without = (await program.run([x]))[0].slice();
  const state = new Float32Array(20000 * program.plan.stateLength);
  const runs = await Promise.all([0, 1].map(async () => (await program.run([x], state.slice()))[0].slice()));
  for (const output of runs) assert.equal(output, without);
  await program.run([x], state);
  assert.equal(state.subarray(state.length - 4), x.subarray(x.length - 4));
  program.dispose();
});

gpuTest('what the GPU refuses is an error, never an answer', async () => {
  await withBackend(async (own) => {
    const program = await own.prepare(small, { batch: 1, time: 4 });
    const valid = (await program.run([floats(16)]))[0].slice();
    own.device.queue.writeBuffer(own.device.createBuffer({ size: 4, usage: 0x4 }), 0, new Uint8Array(4));
    const error = await program.run([floats(16)]).catch((reason: unknown) => reason);
    assert.instance(error, GpuCommandError);
    assert.equal((await program.run([floats(16)]))[0], valid);
  });
});

gpuTest('without validation and bounds checks the answer is the same', async () => {
  const program = await backend!.prepare(small, { batch: 2, time: 4 });
  const expected = (await program.run([floats(32)]))[0].slice();
  await withBackend(
    async (own) => {
      assert.equal((await (await own.prepare(small, { batch: 2, time: 4 })).run([floats(32)]))[0], expected);
    },
    { unchecked: true },
  );
});

gpuTest('an addition is folded into the product before it, whichever way round', async () => {
  for (const [own, added] of [
    ['relu', 'identity'],
    ['identity', 'relu'],
    ['relu', 'tanh'],
  ]) {
    for (const [width, swapped] of [
      [8, false],
      [8, true],
      [6, false],
    ] as const) {
      const { graph: conv, inputs } = opCase('conv', `${own} ${added} ${width}`, [[2, 6, width]], {
        constants: [[3, width, width], [width]],
        attributes: { pads: [2, 0], activation: own },
      });
      const sum = {
        name: 'sum',
        op: 'binary',
        inputs: swapped ? ['y0', 'x0'] : ['x0', 'y0'],
        outputs: ['z'],
        attributes: { kind: 'add', activation: added },
      };
      const both: Graph = { ...conv, nodes: [...conv.nodes, sum], outputs: ['z'] };
      const program = await backend!.prepare(both, {});
      assert.is(program.dispatches, own === 'relu' && added === 'tanh' ? 2 : 1);
      await assertMatchesReference(backend!, { title: `${own}, ${added}, ${width} wide`, graph: both, inputs });
    }
  }
});

gpuTest('a stream in pieces equals the whole, and streams do not mix', async () => {
  const steps = 7;
  const whole = await backend!.prepare(graph, { batch: 2, samples: steps * step });
  const pcm = noise(2 * steps * step);
  const expected = await copied(whole.run([pcm]));
  const pieces = await backend!.prepare(graph, { batch: 2, samples: step });
  const state = new Float32Array(2 * pieces.plan.stateLength);
  for (let at = 0; at < steps; at++) {
    const piece = new Int16Array(2 * step);
    for (const item of [0, 1])
      piece.set(pcm.subarray((item * steps + at) * step, (item * steps + at + 1) * step), item * step);
    const got = await pieces.run([piece], state);
    got.forEach((output, i) => {
      const classes = output.length / 2;
      const reference = [0, 1].flatMap((item) => [
        ...expected[i].subarray((item * steps + at) * classes, (item * steps + at + 1) * classes),
      ]);
      assertClose(output, reference, parity, `step ${at}, output ${i}`);
    });
  }
  // Without a state, a run starts at the beginning again.
  const first = Int16Array.from([...pcm.subarray(0, step), ...pcm.subarray(steps * step, (steps + 1) * step)]);
  const again = await pieces.run([first]);
  assertClose(again[0].subarray(0, 3), expected[0].subarray(0, 3), parity, 'a run without state after runs with one');
});

gpuTest('the same input gives the same bits, run after run and in overlapping runs', async () => {
  const program = await backend!.prepare(graph, { batch: 2, samples: 2 * step });
  const pcm = [noise(4 * step, 'a'), noise(4 * step, 'b')];
  const expected = [await copied(program.run([pcm[0]])), await copied(program.run([pcm[1]]))];
  const many = await Promise.all(Array.from({ length: 12 }, (_, i) => copied(program.run([pcm[i % 2]]))));
  many.forEach((outputs, i) => outputs.forEach((output, o) => assert.equal(output, expected[i % 2][o])));
});

// The null backend computes nothing but goes through the same calls, and it is there on every machine.
test('1,000 runs make no buffers, bind groups or pipelines; a model takes at most 25 dispatches', async () => {
  const own = await openWebGPU({ adapterBackend: 'null', allowSoftware: true });
  for (const classes of [[3], [2]])
    assert.ok((await own.prepare(networkOf(classes), { batch: 1, samples: step })).dispatches <= 25);
  const program = await own.prepare(graph, { batch: 1, samples: step });
  const made = countObjects(own.device);
  const state = new Float32Array(program.plan.stateLength);
  const pcm = noise(step);
  for (let i = 0; i < 1000; i++) await program.run([pcm], i % 2 ? state : undefined);
  assert.equal(made, new Map([['createCommandEncoder', 1000]]));
  own.dispose();
});

test('shapes of one graph share pipelines and weights', async () => {
  const own = await openWebGPU({ adapterBackend: 'null', allowSoftware: true });
  await own.prepare(graph, { batch: 1, samples: step });
  const made = countObjects(own.device);
  await own.prepare(graph, { batch: 2, samples: step });
  assert.is(made.get('createComputePipelineAsync'), undefined);
  assert.is(made.get('createShaderModule'), undefined);
  // Values, parameters and the ring of results.
  assert.is(made.get('createBuffer'), 5);
  own.dispose();
});

gpuTest('what does not fit is refused with both numbers', async () => {
  await withBackend(
    async (own) => {
      const error = await own.prepare(small, { batch: 64, time: 1000 }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.instance(error, DeviceLimitError);
      const { limit, needed, available } = error as DeviceLimitError;
      assert.is(limit, 'maxStorageBufferBindingSize');
      assert.is(available, 1 << 20);
      assert.ok(needed > 64 * 1000 * 8 * 4, `${needed}`);
      const program = await own.prepare(small, { batch: 1, time: 4 });
      assert.is((await program.run([floats(16)]))[0].length, 12);
    },
    { limits: { maxStorageBufferBindingSize: 1 << 20 } },
  );
});

softwareTest('no room on the GPU is a DeviceLimitError, too, and leaves the device usable', async () => {
  await withBackend(async (own) => {
    const { createBuffer } = own.device;
    own.device.createBuffer = function (descriptor) {
      // A software GPU has not that much.
      const size =
        descriptor.label === 'values' && descriptor.size > 1 << 20 ? own.device.limits.maxBufferSize : descriptor.size;
      return createBuffer.call(this, { ...descriptor, size });
    };
    const error = await own.prepare(small, { batch: 64, time: 1000 }).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    assert.instance(error, DeviceLimitError);
    assert.match(error!.message, /the GPU has no room for values: \d+ bytes/);
    const program = await own.prepare(small, { batch: 1, time: 4 });
    assert.is((await program.run([floats(16)]))[0].length, 12);
  });
});

gpuTest('inputs and state of the wrong size, an op without a kernel, weights that are no constants', async () => {
  const program = await backend!.prepare(graph, { batch: 1, samples: step });
  const refused = async (
    run: Promise<unknown>,
    kind: new (...given: never[]) => Error,
    pattern: RegExp,
  ): Promise<void> => {
    const error = await run.then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    assert.instance(error, kind);
    assert.match(error!.message, pattern);
  };
  await refused(program.run([]), ArgumentError, /inputs: got 0 tensors/);
  await refused(program.run([noise(step - 1)]), ArgumentError, /inputs\[0\]: got 1023 elements, but it must be 1024/);
  await refused(program.run([noise(step)], new Float32Array(3)), ArgumentError, /state: got 3 floats/);
  const loose: Graph = {
    inputs: [
      { name: 'x', shape: [1, 4, 8], type: 'float32' },
      { name: 'w', shape: [8, 3], type: 'float32' },
    ],
    nodes: [{ name: 'loose', op: 'dense', inputs: ['x', 'w'], outputs: ['y'], attributes: {} }],
    constants: new Map(),
    outputs: ['y'],
  };
  await refused(backend!.prepare(loose, {}), GraphError, /"loose" \(dense\): input 1 \("w"\) must be a constant/);
});

gpuTest('outputs may be an input under another shape, a constant, or one value twice', async () => {
  const constant = { shape: [2], data: Float32Array.of(5, 6) };
  const odd: Graph = {
    inputs: [{ name: 'x', shape: [1, 6], type: 'float32' }],
    nodes: [
      { name: 'flat', op: 'reshape', inputs: ['x'], outputs: ['y'], attributes: { shape: [2, 3] } },
      { name: 'twice', op: 'binary', inputs: ['x', 'x'], outputs: ['z'], attributes: { kind: 'add' } },
    ],
    constants: new Map([['c', constant]]),
    outputs: ['y', 'c', 'z', 'y'],
  };
  const program = await backend!.prepare(odd, {});
  for (let i = 0; i < 2; i++) {
    const got = await program.run([Float32Array.of(1, 2, 3, 4, 5, 6)]);
    assert.equal(
      got.map((output) => [...output]),
      [
        [1, 2, 3, 4, 5, 6],
        [5, 6],
        [2, 4, 6, 8, 10, 12],
        [1, 2, 3, 4, 5, 6],
      ],
    );
  }
});

gpuTest("a lost device is replaced once and the calls in flight run again; a second loss is the caller's", async () => {
  await withBackend(async (own) => {
    const program = await own.prepare(small, { batch: 2, time: 8 });
    const x = floats(64);
    const [expected] = await copied(program.run([x]));
    const first = own.device;
    const state = new Float32Array(2 * program.plan.stateLength);
    const flying = [copied(program.run([x])), copied(program.run([x], state)), copied(program.run([x]))];
    first.destroy();
    for (const [output] of await Promise.all(flying)) assert.equal(output, expected);
    assert.ok(state.some((value) => value !== 0));
    assert.is.not(own.device, first);
    // Programs prepared before and after the loss work on the new device.
    const other = await own.prepare(small, { batch: 1, time: 8 });
    assertClose((await other.run([x.subarray(0, 32)]))[0], expected.subarray(0, 24), 0, 'prepared after the loss');
    assert.equal((await program.run([x]))[0], expected);

    const doomed = program.run([x]);
    own.device.destroy();
    assert.instance(await doomed.catch((reason: unknown) => reason), DeviceLostError);
    assert.instance(await program.run([x]).catch((reason: unknown) => reason), DeviceLostError);
  });
});

gpuTest('a loss between runs, or before a prepare, is noticed', async () => {
  for (const again of ['run', 'prepare'] as const) {
    await withBackend(async (own) => {
      const program = await own.prepare(small, { batch: 1, time: 8 });
      const [expected] = await copied(program.run([floats(32)]));
      own.device.destroy();
      const after = again === 'run' ? program : await own.prepare(small, { batch: 1, time: 8 });
      assert.equal((await after.run([floats(32)]))[0], expected);
    });
  }
});

gpuTest('after dispose, prepare and run throw DisposedError, runs in flight too', async () => {
  const own = (await webgpuForTests())!;
  const program = await own.prepare(small, { batch: 1, time: 4 });
  const other = await own.prepare(small, { batch: 1, time: 4 });
  // A program disposed while it runs still ends its run.
  const ending = other.run([floats(16)]);
  other.dispose();
  assert.is((await ending)[0].length, 12);
  const flying = program.run([floats(16)]).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  own.dispose();
  own.dispose();
  program.dispose();
  const end = await flying;
  assert.ok(end === undefined || end instanceof DisposedError, `${end}`);
  assert.instance(await program.run([floats(16)]).catch((reason: unknown) => reason), DisposedError);
  assert.instance(await own.prepare(small, { batch: 1, time: 4 }).catch((reason: unknown) => reason), DisposedError);
});

test.after(() => backend?.dispose());
test.run();
