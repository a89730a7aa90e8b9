/** Every backend has a kernel for every op; the tables of kernels are made of what the folders hold. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as stepMakers from '../../src/backends/gpujs/steps/registry.generated.ts';
import * as lowerings from '../../src/backends/wasm/lower/registry.generated.ts';
import * as builders from '../../src/backends/webgpu/kernels/registry.generated.ts';
import { kernelFor, ops } from '../../src/ops/index.ts';
import * as registry from '../../src/ops/registry.generated.ts';

test('ops stand in the registry under their own names', () => {
  assert.equal(
    Object.entries(registry).filter(([name, op]) => op.name !== name),
    [],
  );
});

test('every backend has a kernel for every op', () => {
  assert.ok(ops.size > 0);
  for (const [backend, kernels] of Object.entries({ builders, lowerings, stepMakers }))
    for (const op of ops.keys())
      assert.type(
        kernelFor<unknown>({ name: op, op, inputs: [], outputs: [], attributes: {} }, kernels, backend),
        'function',
      );
});

test.run();
