/** What the CPU backend does at its limits: errors, accuracy of its functions, memory, size. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { parity } from '../../src/backends/tolerances.ts';
import { openWasm, wasmSupported } from '../../src/backends/wasm/index.ts';
import { kernels } from '../../src/backends/wasm/kernels.generated.ts';
import {
  ArgumentError,
  DeviceLimitError,
  DeviceUnavailableError,
  DisposedError,
  GraphError,
} from '../../src/errors.ts';
import { defaultGeometry, type FrameGeometry } from '../../src/features/definition.ts';
import type { Attributes, Graph, GraphNode } from '../../src/graph/graph.ts';
import { sizeOf } from '../../src/graph/tensor.ts';
import { type ActivationName, activations } from '../../src/ops/activation.ts';
import { logmel } from '../../src/ops/logmel.ts';
import { fromBase64 } from '../../src/platform/webassembly.ts';
import { bundle } from '../../tools/build-wasm.ts';
import { assets, isStale } from '../../tools/generate/assets.ts';
import { opCase } from '../ops/op-case.ts';
import { assertClose, assertMatchesReference, assertStreams } from '../support/parity.ts';
import { seeded } from '../support/random.ts';
import { network, noise } from './network.ts';

const backend = await openWasm();
const graph = network([3, 2]);

function oneNode(
  op: string,
  shape: readonly number[],
  attributes: Attributes,
  type: 'float32' | 'int16' = 'float32',
): Graph {
  return {
    inputs: [{ name: 'x', shape, type }],
    nodes: [{ name: op, op, inputs: ['x'], outputs: ['y'], attributes }],
    constants: new Map(),
    outputs: ['y'],
  };
}

async function apply(kind: ActivationName, x: Float32Array): Promise<Float32Array> {
  const program = await backend.prepare(oneNode('unary', [x.length], { kind }), {});
  return program.run([x])[0];
}

test('cpu: it is supported here and says what it is', () => {
  assert.ok(wasmSupported());
  assert.is(backend.name, 'cpu');
  assert.match(backend.adapter, /WebAssembly/);
});

test('cpu: the kernels are built from the sources as they stand', () => {
  for (const each of assets) assert.not(isStale(each), `${each.target}: run npm run generate`);
});

test('cpu: where SIMD is missing it cannot be opened, and the error names what can', async () => {
  const wasm = (globalThis as unknown as { WebAssembly: { validate: (bytes: Uint8Array) => boolean } }).WebAssembly;
  const { validate } = wasm;
  wasm.validate = () => false;
  const error = await openWasm().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const supported = wasmSupported();
  wasm.validate = validate;
  assert.not(supported);
  assert.instance(error, DeviceUnavailableError);
  assert.match((error as Error).message, /no WebAssembly SIMD.*gpu\.js/);
});

test('cpu: loading the kernels leaves what the JavaScript engine accepts as it was', () => {
  const place = (file: string): string =>
    JSON.stringify(new URL(`../../src/backends/wasm/${file}`, import.meta.url).href);
  const code = (before: string): string =>
    `${before} console.log(WebAssembly.validate(Buffer.from((await import(${place('kernels.generated.ts')})).kernels, 'base64')))`;
  const answers = ['', `await (await import(${place('index.ts')})).openWasm();`].map((before) =>
    execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code(before)], {
      encoding: 'utf8',
    }),
  );
  assert.is(answers[1], answers[0]);
});

for (const [kind, from, to] of [
  ['exp', -87, 88],
  ['log', 1e-30, 1e30],
  ['sigmoid', -30, 30],
  ['tanh', -12, 12],
  ['erf', -5, 5],
  ['gelu', -8, 8],
] as const) {
  test(`cpu: ${kind} from ${from} to ${to} is right to a few units of float32`, async () => {
    const x = Float32Array.from({ length: 20001 }, (_, i) =>
      kind === 'log' ? from * (to / from) ** (i / 20000) : from + ((to - from) * i) / 20000,
    );
    const y = await apply(kind, x);
    let worst = 0;
    x.forEach((value, i) => {
      const expected = (activations[kind].apply as (x: number) => number)(value);
      // Relative where values grow, absolute where the function passes through zero.
      const size = kind === 'exp' ? expected : Math.max(1, Math.abs(expected));
      worst = Math.max(worst, Math.abs(y[i] - expected) / size);
    });
    assert.ok(worst < 6e-7, `${worst}`);
  });
}

test('cpu: tanh, exp and log keep small results exact relative to their size', async () => {
  const tiny = Float32Array.of(1e-30, -1e-20, 1e-8, 3e-5, -0.01);
  (await apply('tanh', tiny)).forEach((value, i) => assert.ok(Math.abs(value / Math.tanh(tiny[i]) - 1) < 5e-7));
  const low = Float32Array.of(-20, -50, -80, -87);
  (await apply('exp', low)).forEach((value, i) => assert.ok(Math.abs(value / Math.exp(low[i]) - 1) < 5e-7));
  const nearOne = Float32Array.of(0.99, 1.0001, 1.01, 0.9999);
  (await apply('log', nearOne)).forEach((value, i) => assert.ok(Math.abs(value / Math.log(nearOne[i]) - 1) < 5e-7));
});

test('cpu: extremes come out as in JavaScript', async () => {
  const x = Float32Array.of(0, -0, 1e-45, 1e-40, 1, 89, 104, 1e38, Infinity, -1, -89, -104, -1e38, -Infinity, NaN);
  for (const kind of ['exp', 'log', 'sigmoid', 'tanh', 'sqrt', 'relu', 'abs', 'negate', 'elu', 'hardSwish'] as const) {
    const y = await apply(kind, x);
    x.forEach((value, i) => {
      const {
        apply: f,
        alpha = 0,
        beta = 0,
      } = activations[kind] as { apply: (x: number, a: number, b: number) => number; alpha?: number; beta?: number };
      const expected = Math.fround(f(value, alpha, beta));
      const alike = Number.isFinite(expected)
        ? Math.abs(y[i] - expected) <= 1e-6 * Math.max(1, Math.abs(expected))
        : Object.is(y[i], expected);
      assert.ok(alike, `${kind}(${value}): ${y[i]}, not ${expected}`);
    });
  }
});

test('cpu: powers of negative numbers and of zero', async () => {
  const [a, b] = [Float32Array.of(-2, -2, 0, 0, 3, 2, -1, 9), Float32Array.of(3, 2, 0, 2, 0.5, -1, 0.5, 0)];
  const power: Graph = {
    inputs: [
      { name: 'a', shape: [8], type: 'float32' },
      { name: 'b', shape: [8], type: 'float32' },
    ],
    nodes: [{ name: 'power', op: 'binary', inputs: ['a', 'b'], outputs: ['y'], attributes: { kind: 'power' } }],
    constants: new Map(),
    outputs: ['y'],
  };
  const [y] = (await backend.prepare(power, {})).run([a, b]);
  y.forEach((value, i) =>
    assert.ok(Object.is(value, NaN) ? i === 6 : Math.abs(value - a[i] ** b[i]) < 1e-5, `${a[i]}^${b[i]}: ${value}`),
  );
});

/** The reference, [frames, bands]. */
function logMelOf(pcm: Int16Array, geometry: FrameGeometry): Float32Array {
  const node = { name: 'logmel', op: 'logmel', inputs: ['pcm'], outputs: ['y'], attributes: { ...geometry } };
  return logmel.compute(node, [{ shape: [1, pcm.length], data: pcm }], [])[0].data;
}

const geometries: FrameGeometry[] = [
  defaultGeometry,
  { frame: 256, hop: 128, bands: 40, sampleRate: 8000 },
  { frame: 1024, hop: 256, bands: 80, sampleRate: 44100 },
];
for (const geometry of geometries) {
  test(`cpu: log-mel of frames of ${geometry.frame} equals the double-precision form on noise and tones, loud and quiet`, async () => {
    const next = seeded('log-mel').normal;
    const sounds = [
      () => 0,
      () => next(),
      () => 2000 * next(),
      (i: number) => 8000 * Math.sin(0.1 * i) + 300 * next(),
      (i: number) => (i % 1500 === 0 ? 32767 : 0),
    ];
    for (const sound of sounds) {
      const pcm = Int16Array.from({ length: 11 * geometry.hop }, (_, i) =>
        Math.max(-32768, Math.min(32767, Math.round(sound(i)))),
      );
      const program = await backend.prepare(oneNode('logmel', [1, pcm.length], { ...geometry }, 'int16'), {});
      assertClose(program.run([pcm])[0], logMelOf(pcm, geometry), parity, 'log-mel');
    }
  });
}

test('cpu: a pure tone at full scale leaves less than 0.1 of an error in its quietest band', async () => {
  const pcm = Int16Array.from({ length: 8192 }, (_, i) => Math.round(32767 * Math.sin(0.00004 * i * i)));
  const program = await backend.prepare(oneNode('logmel', [1, pcm.length], { ...defaultGeometry }, 'int16'), {});
  const expected = logMelOf(pcm, defaultGeometry);
  const worst = program
    .run([pcm])[0]
    .reduce((largest, value, i) => Math.max(largest, Math.abs(value - expected[i])), 0);
  assert.ok(worst < 0.1, `${worst}`);
});

const extra = [
  opCase('reduce', 'sum over two axes apart', [[2, 3, 4, 5, 6, 2]], {
    attributes: { kind: 'sum', axes: [2, 4], keepAxes: 0 },
  }),
  opCase('normalise', 'over time and channels apart', [[2, 5, 4, 6]], {
    constants: [[6], [6]],
    attributes: { axes: [1, 3] },
  }),
  opCase('binary', 'a scalar constant', [[3, 5, 7]], {
    constants: [[1]],
    attributes: { kind: 'multiply', activation: 'tanh' },
  }),
  opCase(
    'binary',
    'everything of extent one',
    [
      [1, 1, 1],
      [1, 1, 1],
    ],
    { attributes: { kind: 'subtract' } },
  ),
  opCase('dense', 'three rows, many columns', [[3, 19]], {
    constants: [[19, 83], [83]],
    attributes: { activation: 'clip', alpha: -0.3, beta: 0.3 },
  }),
  opCase('gru', 'batch of 5, odd sizes', [[5, 4, 7]], { constants: [[7, 33], [11, 33], [33], [33]] }),
];
for (const each of extra) {
  test(`cpu: ${each.title}`, async () => {
    await assertMatchesReference(backend, each);
    await assertStreams(backend, each);
  });
}

test('cpu: weights that are computed, and constants in odd places', async () => {
  const shape = [1, 6, 4];
  const graph: Graph = {
    inputs: [
      { name: 'x', shape, type: 'float32' },
      { name: 'w', shape: [4, 5], type: 'float32' },
    ],
    nodes: [
      { name: 'sum', op: 'unary', inputs: ['w'], outputs: ['w2'], attributes: { kind: 'negate' } },
      { name: 'dense', op: 'dense', inputs: ['x', 'w2'], outputs: ['y'], attributes: {} },
      { name: 'shaped', op: 'reshape', inputs: ['c'], outputs: ['z'], attributes: { shape: [2, 3] } },
      { name: 'same', op: 'reshape', inputs: ['y'], outputs: ['v'], attributes: { shape: [5, 6] } },
    ],
    constants: new Map([['c', { shape: [6], data: Float32Array.of(1, 2, 3, 4, 5, 6) }]]),
    outputs: ['v', 'z', 'c', 'x'],
  };
  const { normal } = seeded('computed weights');
  const inputs = graph.inputs.map((input) => Float32Array.from({ length: sizeOf(input.shape as number[]) }, normal));
  const expected = (await new ReferenceBackend().prepare(graph, {})).run(inputs);
  const got = (await backend.prepare(graph, {})).run(inputs);
  expected.forEach((output, i) => assertClose(got[i], output, 1e-6, graph.outputs[i]));
});

test('cpu: x + activation(conv) is computed in one go, whatever else reads its parts', async () => {
  const weights = { shape: [3, 6, 6], data: Float32Array.from({ length: 108 }, seeded('residual').normal) };
  const nodes: GraphNode[] = [
    { name: 'conv', op: 'conv', inputs: ['x', 'w'], outputs: ['y'], attributes: { pads: [2, 0], activation: 'relu' } },
    { name: 'add', op: 'binary', inputs: ['y', 'x'], outputs: ['z'], attributes: { kind: 'add' } },
  ];
  const inputs = [Float32Array.from({ length: 2 * 7 * 6 }, seeded('residual x').normal)];
  for (const outputs of [['z'], ['z', 'y']]) {
    const graph: Graph = {
      inputs: [{ name: 'x', shape: [2, 7, 6], type: 'float32' }],
      nodes,
      constants: new Map([['w', weights]]),
      outputs,
    };
    const expected = (await new ReferenceBackend().prepare(graph, {})).run(inputs);
    (await backend.prepare(graph, {}))
      .run(inputs)
      .forEach((output, i) => assertClose(output, expected[i], 1e-6, outputs[i]));
  }
});

test('cpu: a network in steps, alone and among others, equals the whole', async () => {
  const pcm = noise(8 * 1024);
  const whole = (await backend.prepare(graph, { batch: 1, samples: pcm.length }))
    .run([pcm])
    .map((output) => output.slice());
  const reference = (await new ReferenceBackend().prepare(graph, { batch: 1, samples: 4096 })).run([
    pcm.subarray(0, 4096),
  ]);
  reference.forEach((output, i) => assertClose(whole[i].subarray(0, output.length), output, parity, 'the reference'));
  for (const batch of [1, 3, 4, 5]) {
    const program = await backend.prepare(graph, { batch, samples: 1024 });
    const state = new Float32Array(batch * program.plan.stateLength);
    const input = new Int16Array(batch * 1024);
    for (let step = 0; step < 8; step++) {
      // The last stream of the batch is the one under test; the others hear something else.
      for (let b = 0; b < batch - 1; b++) input.set(noise(1024, `${step} ${b}`), b * 1024);
      input.set(pcm.subarray(step * 1024, (step + 1) * 1024), (batch - 1) * 1024);
      program.run([input], state).forEach((output, i) => {
        const labels = output.length / batch;
        assertClose(
          output.subarray((batch - 1) * labels),
          whole[i].subarray(step * labels, (step + 1) * labels),
          1e-5,
          `step ${step} in a batch of ${batch}`,
        );
      });
    }
  }
});

test('cpu: a run allocates nothing, and what is disposed is used again', async () => {
  const own = await openWasm();
  const program = await own.prepare(graph, { batch: 2, samples: 2048 });
  const [input, state] = [noise(4096), new Float32Array(2 * program.plan.stateLength)];
  const size = own.heap.byteLength;
  const first = program.run([input], state);
  globalThis.gc?.();
  const used = process.memoryUsage().heapUsed;
  for (let i = 0; i < 2000; i++) assert.is(program.run([input], state)[0], first[0]);
  const garbage = (process.memoryUsage().heapUsed - used) / 2000;
  // uvu's assertion above allocates a little itself.
  assert.ok(garbage < 512, `${garbage} bytes a run`);
  assert.is(own.heap.byteLength, size);
  for (let i = 0; i < 50; i++) (await own.prepare(graph, { batch: 2, samples: 2048 })).dispose();
  assert.ok(own.heap.byteLength <= 2 * size, `${own.heap.byteLength} after ${size}`);
  const grown = own.heap.byteLength;
  program.dispose();
  (await own.prepare(graph, { batch: 2, samples: 2048 })).dispose();
  assert.is(own.heap.byteLength, grown);
  own.dispose();
});

test('cpu: programs share the memory of their values, and move along when a larger one comes', async () => {
  const own = await openWasm();
  const step = await own.prepare(graph, { batch: 1, samples: 1024 });
  const state = new Float32Array(step.plan.stateLength);
  const expected = [0, 1].map(() => step.run([noise(1024)], state).map((output) => output.slice()));
  const large = await own.prepare(graph, { batch: 8, samples: 65536 });
  const size = own.heap.byteLength;
  large.run([noise(8 * 65536)]);
  state.fill(0);
  for (const outputs of expected) assert.equal(step.run([noise(1024)], state), outputs);
  for (let batch = 1; batch <= 8; batch++) await own.prepare(graph, { batch, samples: 65536 });
  assert.ok(own.heap.byteLength < 1.2 * size, `${own.heap.byteLength} after ${size}`);
  own.dispose();
  assert.throws(
    () => large.run([noise(8 * 65536)]),
    (error: Error) => error instanceof DisposedError,
  );
});

test('cpu: inputs and states that do not fit are refused by name', async () => {
  const program = await backend.prepare(graph, { batch: 1, samples: 1024 });
  assert.throws(
    () => program.run([]),
    (error: Error) => error instanceof ArgumentError && /inputs: got 0/.test(error.message),
  );
  assert.throws(
    () => program.run([new Int16Array(1000)]),
    (error: Error) =>
      error instanceof ArgumentError && /1000 values.*1024 of type int16 for "pcm" \[1, 1024\]/.test(error.message),
  );
  assert.throws(() => program.run([new Float32Array(1024)]), /Float32Array/);
  assert.throws(() => program.run([new Int16Array(1024)], new Float32Array(3)), /state: got 3 values/);
});

test('cpu: what it cannot do is an error with the node', async () => {
  const refused = (graph: Graph): Promise<unknown> =>
    backend.prepare(graph, {}).then(
      () => undefined,
      (error: unknown) => error,
    );
  assert.instance(await refused(oneNode('logmel', [1, 1200], { frame: 600, hop: 300 }, 'int16')), GraphError);
  assert.match(((await refused(oneNode('quantum', [1], {}))) as Error).message, /there is no op "quantum"/);
  const huge = await refused(oneNode('unary', [1 << 29], { kind: 'exp' }));
  assert.instance(huge, DeviceLimitError);
});

test('cpu: after dispose everything says so', async () => {
  const own = await openWasm();
  const program = await own.prepare(graph, { batch: 1, samples: 1024 });
  own.dispose();
  assert.throws(
    () => program.run([noise(1024)]),
    (error: Error) => error instanceof DisposedError,
  );
  assert.instance(
    await own.prepare(graph, { batch: 1, samples: 1024 }).catch((error: unknown) => error),
    DisposedError,
  );
  program.dispose();
});

test('cpu: the compiled backend with its pool stays within 42 KiB', async () => {
  const folder = fileURLToPath(new URL('../../src/backends/wasm', import.meta.url));
  const { outputFiles } = await bundle(folder, 'ts');
  const text = outputFiles.reduce((sum, { contents }) => sum + contents.length, 0);
  // The kernels count as the bytes they are, not as the base64 they travel in.
  const size = text - kernels.length + fromBase64(kernels).length;
  assert.ok(size <= 42 * 1024, `${size} bytes`);
});

test.run();
