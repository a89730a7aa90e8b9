import { test } from 'uvu';
import { openWasm } from '../../src/backends/wasm/index.ts';
import { opCases } from '../ops/cases.ts';
import { assertMatchesReference, assertStreams } from '../support/parity.ts';

const backend = await openWasm();
for (const opCase of opCases) {
  test(`cpu: ${opCase.title}`, async () => {
    await assertMatchesReference(backend, opCase);
    await assertStreams(backend, opCase);
  });
}

test.run();
