import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { planGraph } from '../../src/graph/plan.ts';
import { lower } from '../../src/onnx/lowered.ts';
import { handlers } from '../../src/onnx/ops/index.ts';
import { opNamed } from '../../src/ops/index.ts';
import { seeded } from '../support/random.ts';
import { buildOnnx, random } from './build.ts';
import { chain, single } from './case.ts';
import { controlCases } from './cases/control.ts';
import { elementwiseCases } from './cases/elementwise.ts';
import { linearCases } from './cases/linear.ts';
import { logicCases } from './cases/logic.ts';
import { recurrentCases } from './cases/recurrent.ts';
import { shapeCases } from './cases/shapes.ts';
import { windowCases } from './cases/windows.ts';
import { runCase } from './run-case.ts';

const cases = [
  ...controlCases,
  ...linearCases,
  ...logicCases,
  ...windowCases,
  ...elementwiseCases,
  ...shapeCases,
  ...recurrentCases,
];
for (const onnxCase of cases) test(onnxCase.title, async () => void (await runCase(onnxCase)));

// onnxruntime has no recurrent op with the batch first, so it is held against the same with the time first.
for (const op of ['GRU', 'LSTM'] as const)
  test(`${op}: the batch first`, async () => {
    const gates = op === 'GRU' ? 3 : 4;
    const attributes = {
      hidden_size: 5,
      direction: 'bidirectional',
      ...(op === 'GRU' ? { linear_before_reset: 1 } : {}),
    };
    const constants = { w: random([2, gates * 5, 4], 'w'), r: random([2, gates * 5, 5], 'r') };
    const outputs = { outputs: ['y', 'last'] };
    const first = chain(
      '',
      { x: ['batch', 'time', 4], h: ['batch', 2, 5] },
      [[op, 'x w r _ _ h', 'y last', { ...attributes, layout: 1 }]],
      constants,
      outputs,
    );
    const second = chain(
      '',
      { x: ['batch', 'time', 4], h: ['batch', 2, 5] },
      [
        ['Transpose', 'x', 'xt', { perm: [1, 0, 2] }],
        ['Transpose', 'h', 'ht', { perm: [1, 0, 2] }],
        [op, 'xt w r _ _ ht', 'yt lt', attributes],
        ['Transpose', 'yt', 'y', { perm: [2, 0, 1, 3] }],
        ['Transpose', 'lt', 'last', { perm: [1, 0, 2] }],
      ],
      constants,
      outputs,
    );
    const source = seeded(op);
    const inputs = [2 * 7 * 4, 2 * 2 * 5].map((length) => Float32Array.from({ length }, () => source.normal()));
    const results = await Promise.all(
      [first, second].map(async (model) => {
        const program = await new ReferenceBackend().prepare(lower(buildOnnx(model), 'layout.onnx'), {
          batch: 2,
          time: 7,
        });
        return program.run(inputs).map((data, i) => [[...program.plan.shapes.get(outputs.outputs[i])!], data] as const);
      }),
    );
    assert.equal(results[0], results[1]);
    assert.equal(
      results[0].map(([shape]) => shape),
      [
        [2, 7, 2, 5],
        [2, 2, 5],
      ],
    );
  });

test('every supported op has a case', () => {
  const covered = new Set(cases.flatMap(({ nodes }) => nodes.map(({ op }) => op)));
  assert.equal(
    [...handlers.keys()].filter((op) => !covered.has(op)),
    [],
  );
});

test('an open second axis is taken for time, so that a convolution which looks back along it carries its history', () => {
  const model = single('Conv', '', ['batch', 2, 6, 'time'], { pads: [1, 2, 1, 0] }, [random([4, 2, 3, 3])]);
  const graph = lower(buildOnnx(model), 'net.onnx');
  const { attributes } = graph.nodes.find(({ op }) => op === 'conv')!;
  assert.equal(attributes.pads, [2, 0, 1, 1]);
  const plan = planGraph(graph, { batch: 1, time: 10 });
  const { node, inputShapes } = plan.nodes.find(({ node: { op } }) => op === 'conv')!;
  assert.equal(opNamed(node).state(node, inputShapes), [[2, 6, 2]]);
});

test.run();
