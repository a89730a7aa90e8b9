/** A whole network of the size and kind of the models: parity, streaming, batches, speed, and a process that exits. */
import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openGpuJs } from '../../src/backends/gpujs/index.ts';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { close, parity } from '../../src/backends/tolerances.ts';
import { DisposedError } from '../../src/errors.ts';
import type { Attributes, Graph, GraphNode } from '../../src/graph/graph.ts';
import { type Shape, sizeOf, type Tensor } from '../../src/graph/tensor.ts';
import { assertClose } from '../support/parity.ts';
import { seeded } from '../support/random.ts';

const step = 1024;

/** Two networks on one log-mel, about 12 million multiply-adds a second together. */
function network(): Graph {
  const random = seeded('network');
  const constants = new Map<string, Tensor>();
  const nodes: GraphNode[] = [];
  const constant = (shape: Shape): string => {
    const name = `c${constants.size}`;
    const scale = 1.5 / Math.sqrt(shape.length > 1 ? sizeOf(shape.slice(0, -1)) : 16);
    constants.set(name, { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal() * scale) });
    return name;
  };
  const add = (op: string, inputs: string[], attributes: Attributes = {}): string => {
    const name = `${op} ${nodes.length}`;
    nodes.push({ name, op, inputs, outputs: [name], attributes });
    return name;
  };
  const conv = (x: string, w: Shape, attributes: Attributes): string =>
    add('conv', [x, constant(w), constant([w.at(-1)!])], { activation: 'relu', ...attributes });

  const mel = add('logmel', ['pcm']);
  const outputs = [3, 2].map((classes) => {
    let x = add('reshape', [add('unary', [mel], { kind: 'sigmoid' })], { shape: [0, 0, 64, 1] });
    x = conv(x, [3, 3, 1, 16], { strides: [1, 2], pads: [2, 0, 1, 1] });
    x = conv(x, [4, 3, 16, 24], { strides: [2, 2], pads: [2, 0, 1, 1] });
    x = conv(x, [2, 3, 24, 32], { strides: [2, 2], pads: [0, 0, 1, 1] });
    x = conv(add('reshape', [x], { shape: [0, 0, -1] }), [1, 256, 96], {});
    for (const dilation of [1, 2, 4]) {
      const depthwise = conv(x, [3, 1, 96], {
        groups: 96,
        dilations: [dilation],
        pads: [2 * dilation, 0],
        activation: 'identity',
      });
      x = add('conv', [depthwise, constant([1, 96, 96]), constant([96]), x], { activation: 'relu' });
    }
    x = conv(x, [3, 96, 96], { pads: [2, 0] });
    x = conv(x, [3, 96, 96], { pads: [2, 0] });
    x = add('gru', [x, constant([96, 288]), constant([96, 288]), constant([288]), constant([288])]);
    return add('softmax', [add('dense', [x, constant([96, classes]), constant([classes])])]);
  });
  return { inputs: [{ name: 'pcm', shape: ['batch', 'samples'], type: 'int16' }], nodes, constants, outputs };
}

function noise(batch: number, samples: number): Int16Array {
  const random = seeded('noise');
  return Int16Array.from({ length: batch * samples }, () => random.normal() * 2000);
}

const graph = network();

for (const mode of ['cpu', 'webasm'] as const) {
  test(`gpu.js ${mode}: a network equals the reference, whole and in pieces, in a batch and alone`, async () => {
    const backend = await openGpuJs({ mode });
    const [batch, samples] = [2, 4 * step];
    const pcm = noise(batch, samples);
    const expected = (await new ReferenceBackend().prepare(graph, { batch, samples })).run([pcm]);
    const whole = await backend.prepare(graph, { batch, samples });
    const together = whole.run([pcm]).map((output) => output.slice());
    expected.forEach((output, i) => assertClose(together[i], output, parity, `output ${i}`));

    const stretch = await backend.prepare(graph, { batch: 1, samples: step });
    const one = await backend.prepare(graph, { batch: 1, samples });
    for (let b = 0; b < batch; b++) {
      const own = pcm.subarray(b * samples, (b + 1) * samples);
      const alone = one.run([own]).map((output) => output.slice());
      const state = new Float32Array(stretch.plan.stateLength);
      const pieces = [0, 1, 2, 3].map((i) =>
        stretch.run([own.subarray(i * step, (i + 1) * step)], state).map((output) => output.slice()),
      );
      alone.forEach((output, i) => {
        assertClose(together[i].subarray(b * output.length, (b + 1) * output.length), output, 0, `item ${b}`);
        assertClose(
          pieces.flatMap((piece) => Array.from(piece[i])),
          output,
          close,
          `item ${b}, in pieces`,
        );
      });
    }
    backend.dispose();
    assert.throws(() => whole.run([pcm]), /was disposed/);
    const refused: unknown = await backend.prepare(graph, { batch, samples }).catch((error: unknown) => error);
    assert.instance(refused, DisposedError);
  });

  test(`gpu.js ${mode}: two models run five times faster than real time on one core`, async () => {
    const backend = await openGpuJs({ mode });
    const seconds = 2;
    const samples = Math.floor((seconds * 16000) / step) * step;
    const program = await backend.prepare(graph, { batch: 1, samples });
    const pcm = noise(1, samples);
    program.run([pcm]);
    program.run([pcm]);
    // Processor time, so that a busy machine does not count.
    const runs = 3;
    const before = process.cpuUsage();
    for (let i = 0; i < runs; i++) program.run([pcm]);
    const { user, system } = process.cpuUsage(before);
    const speed = (runs * (samples / 16)) / ((user + system) / 1000);
    backend.dispose();
    assert.ok(
      speed > 5,
      `${speed.toFixed(1)} times real time at ${(program.plan.multiplyAdds / seconds / 1e6).toFixed(1)} million multiply-adds a second`,
    );
  });
}

test('gpu.js: the process exits by itself after dispose', () => {
  const script = `
    import { openGpuJs } from './src/backends/gpujs/index.ts';
    import { opCases } from './test/ops/cases.ts';
    const { graph, inputs } = opCases[0];
    for (const mode of ['cpu', 'webasm']) {
      const backend = await openGpuJs({ mode });
      (await backend.prepare(graph, {})).run(inputs.map(({ data }) => data));
      backend.dispose();
    }`;
  const { status, signal } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    timeout: 20000,
  });
  assert.equal({ status, signal }, { status: 0, signal: null });
});

test.run();
