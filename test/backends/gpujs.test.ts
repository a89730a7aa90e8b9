import { test } from 'uvu';
import { openGpuJs } from '../../src/backends/gpujs/index.ts';
import { testOpTable } from '../support/op-table.ts';

for (const mode of ['cpu', 'webasm'] as const) {
  const backend = await openGpuJs({ mode });
  testOpTable(`gpu.js ${mode}`, backend);
  test.after(() => backend.dispose());
}

test.run();
