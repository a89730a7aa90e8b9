import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { handlers } from '../../src/onnx/ops/index.ts';
import { controlCases } from './cases/control.ts';
import { elementwiseCases } from './cases/elementwise.ts';
import { recurrentCases } from './cases/recurrent.ts';
import { shapeCases } from './cases/shapes.ts';
import { windowCases } from './cases/windows.ts';
import { runCase } from './run-case.ts';

const cases = [...controlCases, ...windowCases, ...elementwiseCases, ...shapeCases, ...recurrentCases];
for (const onnxCase of cases) test(onnxCase.title, async () => void (await runCase(onnxCase)));

test('every supported op has a case', () => {
  const covered = new Set(cases.flatMap(({ nodes }) => nodes.map(({ op }) => op)));
  assert.equal(
    [...handlers.keys()].filter((op) => !covered.has(op)),
    [],
  );
});

test.run();
