/** The table of op cases on one backend: against the reference, whole and cut along time. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Backend } from '../../src/backends/backend.ts';
import { ops } from '../../src/ops/index.ts';
import { opCases } from '../ops/cases.ts';
import type { OpCase } from '../ops/op-case.ts';
import { assertMatchesReference, assertStreams, piecesOf } from './parity.ts';

/** UNDERTONE_CASES, a regular expression, leaves only the cases whose titles match. */
const only = process.env.UNDERTONE_CASES;

export function chosenCases(cases: readonly OpCase[] = opCases): readonly OpCase[] {
  if (!only) return cases;
  const chosen = cases.filter(({ title }) => new RegExp(only).test(title));
  console.log(`Only the ${chosen.length} of ${cases.length} cases that match ${only} are run.`);
  return chosen;
}

/** Registers a test for each case, and one that counts what was cut along time. */
export function testOpTable(name: string, backend: Backend): void {
  const cut: OpCase[] = [];
  for (const opCase of chosenCases()) {
    test(`${name}: ${opCase.title}`, async () => {
      await assertMatchesReference(backend, opCase);
      if (await assertStreams(backend, opCase)) cut.push(opCase);
    });
  }
  if (only) return;
  test(`${name}: every op was cut along time`, () => {
    const cutOps = new Set(cut.map(({ graph }) => graph.nodes[0].op));
    const never = [...ops.keys()].filter((op) => !cutOps.has(op));
    assert.equal(never, [], 'every op can be streamed with some attributes');
    assert.is(cut.length, opCases.filter((opCase) => piecesOf(opCase)).length);
    console.log(`${name}: ${cut.length} of ${opCases.length} cases were cut along time`);
  });
}
