/** Every op case on WebGPU against the reference, whole and in pieces. */
import { test } from 'uvu';
import { testOpTable } from '../support/op-table.ts';
import { webgpuForTests } from '../support/webgpu.ts';

const backend = await webgpuForTests();
if (backend) {
  testOpTable('webgpu', backend);
  test.after(() => backend.dispose());
} else test.skip('webgpu: the table of ops');

test.run();
