import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { planGraph } from '../../src/graph/plan.ts';
import { lower } from '../../src/onnx/lowered.ts';
import { handlers } from '../../src/onnx/ops/index.ts';
import { opNamed } from '../../src/ops/index.ts';
import { buildOnnx, random } from './build.ts';
import { single } from './case.ts';
import { controlCases } from './cases/control.ts';
import { elementwiseCases } from './cases/elementwise.ts';
import { logicCases } from './cases/logic.ts';
import { recurrentCases } from './cases/recurrent.ts';
import { shapeCases } from './cases/shapes.ts';
import { windowCases } from './cases/windows.ts';
import { runCase } from './run-case.ts';

const cases = [...controlCases, ...logicCases, ...windowCases, ...elementwiseCases, ...shapeCases, ...recurrentCases];
for (const onnxCase of cases) test(onnxCase.title, async () => void (await runCase(onnxCase)));

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
