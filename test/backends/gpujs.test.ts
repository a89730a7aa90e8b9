import { test } from 'uvu';
import { openGpuJs } from '../../src/backends/gpujs/index.ts';
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

test.run();
