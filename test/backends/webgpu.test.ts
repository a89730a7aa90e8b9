/** Every op case on WebGPU against the reference, whole and in pieces. */
import { test } from 'uvu';
import { opCases } from '../ops/cases.ts';
import { assertMatchesReference, assertStreams } from '../support/parity.ts';
import { webgpuForTests } from '../support/webgpu.ts';

const backend = await webgpuForTests();
if (backend) {
  for (const opCase of opCases) {
    test(`webgpu: ${opCase.title}`, async () => {
      await assertMatchesReference(backend, opCase);
      await assertStreams(backend, opCase);
    });
  }
  test.after(() => backend.dispose());
}

test.run();
