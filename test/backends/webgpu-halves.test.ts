/** Matrices of weights kept as float16: every kernel that reads them, what float16 can't hold, and the models end to end. */
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { approximate } from '../../src/backends/tolerances.ts';
import { fitsHalves, packHalves } from '../../src/backends/webgpu/halves.ts';
import { openWebGPU, type WebGPUBackend } from '../../src/backends/webgpu/index.ts';
import { Engine } from '../../src/engine.ts';
import { composeModels } from '../../src/graph/compose.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { loadModel } from '../../src/models/model-file.ts';
import { opCases } from '../ops/cases.ts';
import { type OpCase, opCase } from '../ops/op-case.ts';
import { matrixInputs, rounded } from '../support/halves.ts';
import { assertClose, assertMatchesReference, assertStreams } from '../support/parity.ts';
import { sampleVoice } from '../support/sample.ts';
import { countObjects, webgpuForTests } from '../support/webgpu.ts';
import { frontCase, tilesCases } from '../support/webgpu-cases.ts';

const step = 1024;
// One case of tiles: a software GPU takes half a minute for each.
const cases = [...opCases, ...tilesCases.slice(-1), frontCase].filter(({ graph }) => graph.nodes[0].op in matrixInputs);

// The cases are small.
const backend = await webgpuForTests({ weightPrecision: 'f16', halvesFrom: 1 });
const gpuTest = backend ? test : test.skip;
const models = await Promise.all(
  ['gender', 'speech'].map((name) => loadModel(fileURLToPath(new URL(`../../weights/${name}.model`, import.meta.url)))),
);
/** The packaged weights are float16 numbers already: moved by a quarter of the last digit of one, so that rounding shows. */
const moved = models.map(({ graph, ...model }) => {
  const constants = [...graph.constants].map(([name, { shape, data }]) => {
    const kept = shape.length < 2;
    return [name, { shape, data: kept ? data : Float32Array.from(data, (weight) => weight * (1 + 2 ** -12)) }] as const;
  });
  return { ...model, graph: { ...graph, constants: new Map(constants) } };
});
const composed = composeModels(moved);

/** Entries of the kernels a case runs on, and whether all of them read float16. */
async function kernelsOf(
  own: WebGPUBackend,
  { graph }: Pick<OpCase, 'graph'>,
): Promise<{ entries: string[]; halves: boolean }> {
  const program = await own.prepare(graph, {});
  const kernels = program.describe().steps.map(({ kernel }) => kernel);
  program.dispose();
  return {
    entries: kernels.map(({ file, entry }) => `${file} ${entry}`),
    halves: kernels.every(({ constants }) => constants.HALVES === 1),
  };
}

/** A dense layer of one weight repeated. */
const denseOf = (title: string, weight: number): OpCase => {
  const { graph, ...rest } = opCase('dense', title, [[2, 3, 8]], { constants: [[8, 12], [12]] });
  const matrix: Tensor = {
    shape: [8, 12],
    data: Float32Array.from({ length: 96 }, (_, i) => (i % 7 === 3 ? weight : weight / 3)),
  };
  return { ...rest, graph: { ...graph, constants: new Map([...graph.constants, ['c0', matrix]]) } };
};

const reached = new Set<string>();
for (const each of cases) {
  gpuTest(`f16: ${each.title}`, async () => {
    const { entries, halves } = await kernelsOf(backend!, each);
    assert.ok(halves, `${entries} read float32`);
    for (const entry of entries) reached.add(entry);
    await assertMatchesReference(backend!, each, rounded(each.graph));
    await assertStreams(backend!, each, rounded(each.graph));
  });
}

gpuTest('the cases reach every kernel that reads matrices', () => {
  assert.equal([...reached].sort(), [
    'conv-transpose.wgsl main',
    'depthwise.wgsl main',
    'direct.wgsl scalar',
    'direct.wgsl wide',
    'direct.wgsl wider',
    'gru.wgsl resident',
    'gru.wgsl streamed',
    'head.wgsl main',
    'lstm.wgsl main',
    'rows.wgsl main',
    'tiles.wgsl main',
  ]);
});

gpuTest('a matrix with numbers that float16 can not hold stays float32, to the last digit', async () => {
  for (const weight of [1e5, -65520, 2e-5]) {
    const each = denseOf(`weights of ${weight}`, weight);
    assert.not((await kernelsOf(backend!, each)).halves, `${weight}`);
    await assertMatchesReference(backend!, each);
  }
  assert.ok((await kernelsOf(backend!, denseOf('large', 65504))).halves);
});

test('what float16 holds: no infinity, no NaN, and not only what it has few digits for', () => {
  for (const fits of [[], [0, -0], [65519, -1], [2 ** -14, 1e-9], [1e-7, 1]]) assert.ok(fitsHalves(fits), `${fits}`);
  for (const not of [[65520], [1, -1e6], [Infinity], [1, NaN], [6e-5, 0]]) assert.not(fitsHalves(not), `${not}`);
});

test('packed: what stands in front bit by bit, then two numbers to a word, an odd one alone', () => {
  const words = packHalves(Float32Array.of(1 / 3, -2, 7e8, 4, 1, -0.5, 65504), 4);
  assert.equal([...words], [...new Uint32Array(Float32Array.of(1 / 3, -2, 7e8, 4).buffer), 0xb8003c00, 0x00007bff]);
});

gpuTest(
  'both models from audio to probabilities: within what a user may see of float32, with the same labels',
  async () => {
    const [plain, half] = [(await webgpuForTests())!, (await webgpuForTests({ weightPrecision: 'f16' }))!];
    const voice = await sampleVoice();
    const loud = voice.map((sample, i) => Math.max(-32768, Math.min(32767, 2 * sample + 900 * Math.sin(i / 7))));
    for (const [batch, steps] of [
      [1, 12],
      [7, 2],
    ] as const) {
      const pcm = Int16Array.from(
        { length: batch * steps * step },
        (_, i) => (i % 5000 < 3000 ? voice : loud)[(16000 + i) % voice.length],
      );
      const answers: Float32Array[][] = [];
      for (const own of [plain, half]) {
        const program = await own.prepare(composed, { batch, samples: steps * step });
        answers.push((await program.run([pcm])).map((output) => output.slice()));
        program.dispose();
      }
      models.forEach(({ name, labels }, i) => {
        const [expected, got] = answers.map((outputs) => outputs[i]);
        assertClose(got, expected, approximate, name);
        assert.equal(labelsOf(got, labels.length), labelsOf(expected, labels.length), name);
        assert.not.equal([...got], [...expected], `${name} was computed with the same weights`);
      });
    }
    plain.dispose();
    half.dispose();
  },
);

function labelsOf(probabilities: Float32Array, classes: number): number[] {
  return Array.from({ length: probabilities.length / classes }, (_, row) => {
    const own = [...probabilities.subarray(row * classes, (row + 1) * classes)];
    return own.indexOf(Math.max(...own));
  });
}

test('small matrices stay float32 unless asked for', async () => {
  const own = await openWebGPU({ adapterBackend: 'null', allowSoftware: true, weightPrecision: 'f16' });
  const dense = (rows: number): OpCase =>
    opCase('dense', `${rows} rows`, [[1, 4, rows]], { constants: [[rows, 64], [64]] });
  assert.not((await kernelsOf(own, dense(127))).halves);
  assert.ok((await kernelsOf(own, dense(128))).halves);
  own.dispose();
});

gpuTest('an engine takes the option', async () => {
  const voice = await sampleVoice();
  const results: unknown[] = [];
  for (const weightPrecision of [undefined, 'f16'] as const) {
    const engine = await Engine.create({ device: 'webgpu', weightPrecision });
    results.push(
      Object.values((await engine.processAudioChunk({ data: voice, models: ['speech', 'gender'] })).results).map(
        ({ result }) => result,
      ),
    );
    await engine.dispose();
  }
  assert.equal(results, [
    ['female', 'speech'],
    ['female', 'speech'],
  ]);
});

test('weights take half the memory; dispatches are as many; 1,000 runs make no objects', async () => {
  const numbers: { bytes: number; dispatches: number }[] = [];
  for (const weightPrecision of ['f32', 'f16'] as const) {
    const own = await openWebGPU({ adapterBackend: 'null', allowSoftware: true, weightPrecision });
    let bytes = 0;
    const create = own.device.createBuffer;
    own.device.createBuffer = function (descriptor) {
      if (descriptor.label === 'weights') bytes += descriptor.size;
      return create.call(this, descriptor);
    };
    const program = await own.prepare(composed, { batch: 1, samples: step });
    numbers.push({ bytes, dispatches: program.dispatches });
    const made = countObjects(own.device);
    const pcm = new Int16Array(step);
    const state = new Float32Array(program.plan.stateLength);
    for (let i = 0; i < 1000; i++) await program.run([pcm], i % 2 ? state : undefined);
    assert.equal(made, new Map([['createCommandEncoder', 1000]]));
    own.dispose();
  }
  const [plain, half] = numbers;
  // Besides large matrices there are small ones, biases and the tables of log-mel.
  assert.ok(half.bytes < 0.52 * plain.bytes, `${half.bytes} of ${plain.bytes} bytes`);
  assert.ok(half.dispatches === plain.dispatches && half.dispatches <= 25, `${half.dispatches}`);
});

test.after(() => backend?.dispose());
test.run();
