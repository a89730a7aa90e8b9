/** The table of op cases: what it must hold, and the reference cut along time. naive.test.ts holds it against naive loops. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { GraphError } from '../../src/errors.ts';
import { fusedActivations } from '../../src/ops/activation.ts';
import { opNamed, ops } from '../../src/ops/index.ts';
import { testOpTable } from '../support/op-table.ts';
import { opCases, opRows } from './cases.ts';

testOpTable('reference', new ReferenceBackend());

test('every op has a row in the table', () => {
  const covered = new Set(opCases.map(({ graph }) => graph.nodes[0].op));
  assert.equal(
    [...ops.keys()].filter((name) => !covered.has(name)),
    [],
  );
});

/** What an attribute may be, as the op's refusal of another value says it. */
function choicesOf({ graph, inputs }: (typeof opCases)[number], attribute: string): readonly string[] {
  const node = { ...graph.nodes[0], attributes: { ...graph.nodes[0].attributes, [attribute]: 'no such choice' } };
  const shapes = node.inputs.map((name) => {
    const at = graph.inputs.findIndex((input) => input.name === name);
    return at >= 0 ? inputs[at].shape : (graph.constants.get(name)?.shape ?? []);
  });
  try {
    opNamed(node).infer(node, shapes);
  } catch (error) {
    const choices = error instanceof GraphError && /must be one of (.*), got/.exec(error.message);
    if (choices) return choices[1].split(', ');
    throw error;
  }
  return assert.unreachable(`${node.op} takes any ${attribute}`) as never;
}

test('every choice of every attribute has a row: kinds, modes, directions, activations', () => {
  const used = new Map<string, Set<unknown>>();
  const known = new Map<string, readonly string[]>();
  for (const opCase of opCases) {
    const { op, attributes } = opCase.graph.nodes[0];
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value !== 'string') continue;
      const key = `${op} ${name}`;
      if (!known.has(key)) known.set(key, choicesOf(opCase, name));
      used.set(key, (used.get(key) ?? new Set()).add(value));
    }
  }
  const told = new Map<string, string | undefined>(
    Object.entries(opRows).flatMap(([op, { choices = {} }]) =>
      Object.entries(choices).map(([name, otherwise]) => [`${op} ${name}`, otherwise] as const),
    ),
  );
  assert.equal([...known.keys()].sort(), [...told.keys()].sort());
  const missing = [...known].flatMap(([key, choices]) =>
    choices
      .filter((choice) => !used.get(key)!.has(choice) && told.get(key) !== choice)
      .map((choice) => `${key} ${choice}`),
  );
  assert.equal(missing, []);
  assert.equal(known.get('conv activation'), fusedActivations);
});

test.run();
