import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { ops } from '../../src/ops/index.ts';
import { assertMatchesReference, assertStreams } from '../support/parity.ts';
import { opCases } from './cases.ts';

const backend = new ReferenceBackend();
for (const opCase of opCases) {
  test(`reference: ${opCase.title}`, async () => {
    await assertMatchesReference(backend, opCase);
    await assertStreams(backend, opCase);
  });
}

test('every op has a row in the table', () => {
  const covered = new Set(opCases.map(({ graph }) => graph.nodes[0].op));
  assert.equal(
    [...ops.keys()].filter((name) => !covered.has(name)),
    [],
  );
});

test.run();
