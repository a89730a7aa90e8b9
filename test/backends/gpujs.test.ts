import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openGpuJs } from '../../src/backends/gpujs/index.ts';
import { stepMakers } from '../../src/backends/gpujs/program.ts';
import { ops } from '../../src/ops/index.ts';
import { opCases } from '../ops/cases.ts';
import { assertMatchesReference, assertStreams } from '../support/parity.ts';

for (const mode of ['cpu', 'webasm'] as const) {
  const backend = await openGpuJs({ mode });
  for (const opCase of opCases) {
    test(`gpu.js ${mode}: ${opCase.title}`, async () => {
      await assertMatchesReference(backend, opCase);
      await assertStreams(backend, opCase);
    });
  }
  test.after(() => backend.dispose());
}

test('gpu.js has kernels for every op', () => {
  const missing = [...ops.values()].filter((op) => !stepMakers.has(op.name) && !op.movement).map((op) => op.name);
  assert.equal(missing, []);
});

test.run();
