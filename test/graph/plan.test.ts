import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GraphError, ShapeError } from '../../src/errors.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { allocate, planGraph } from '../../src/graph/plan.ts';
import { sizeOf } from '../../src/graph/tensor.ts';

const chain: Graph = {
  inputs: [{ name: 'x', shape: ['batch', 'time', 8], type: 'float32' }],
  nodes: [
    { name: 'first', op: 'conv', inputs: ['x', 'w'], outputs: ['a'], attributes: { pads: [2, 0] } },
    { name: 'second', op: 'unary', inputs: ['a'], outputs: ['b'], attributes: { kind: 'relu' } },
    { name: 'third', op: 'binary', inputs: ['b', 'x'], outputs: ['c'], attributes: { kind: 'add' } },
    { name: 'flat', op: 'reshape', inputs: ['c'], outputs: ['d'], attributes: { shape: [0, 0, 2, 4] } },
  ],
  constants: new Map([['w', { shape: [3, 8, 8], data: new Float32Array(192) }]]),
  outputs: ['d'],
};

test('a plan binds names and knows shapes, state and multiply-adds', () => {
  const plan = planGraph(chain, { batch: 2, time: 10 });
  assert.equal(plan.shapes.get('d'), [2, 10, 2, 4]);
  assert.is(plan.batch, 2);
  assert.ok(plan.streamable);
  assert.is(plan.stateLength, 2 * 8);
  assert.is(plan.multiplyAdds, 2 * 10 * 8 * 24 + 2 * (2 * 10 * 8));
});

test('values that are needed at the same time never overlap, others share memory', () => {
  const plan = planGraph(chain, { batch: 2, time: 10 });
  const alias = (name: string) => (name === 'd' ? 'c' : undefined);
  const { offsets, length } = allocate(plan, (_, shape) => sizeOf(shape), { alias });
  assert.is(length, 3 * 160);
  assert.is(offsets.get('d'), offsets.get('c'));
  assert.is(offsets.get('a') === offsets.get('b') || offsets.get('a') === offsets.get('x'), false);
});

test('the largest value is placed first, so that small ones fill what is left', () => {
  const plan = planGraph(chain, { batch: 2, time: 10 });
  // x lives until c is made, a until b is, b until c is, c to the end.
  const sizes: Readonly<Record<string, number>> = { x: 8, a: 8, b: 8, c: 16, d: 16 };
  const { offsets, length } = allocate(plan, (name) => sizes[name], {
    alias: (name) => (name === 'd' ? 'c' : undefined),
  });
  assert.is(offsets.get('c'), 0);
  assert.is(length, 32);
});

test('a graph is not prepared for nothing', () => {
  for (const batch of [0, -1, 1.5, NaN])
    assert.throws(() => planGraph(chain, { batch, time: 4 }), /needs a positive whole number for "batch"/);
});

test('a shape error names the node and both shapes', () => {
  const wrong = { ...chain, inputs: [{ ...chain.inputs[0], shape: ['batch', 'time', 7] }] };
  assert.throws(
    () => planGraph(wrong, { batch: 1, time: 4 }),
    (error: Error) =>
      error instanceof ShapeError &&
      /"first" \(conv\)/.test(error.message) &&
      /\[1, 4, 7\] and \[3, 8, 8\]/.test(error.message),
  );
});

test('a graph that is not well formed is refused by name', () => {
  const refused = (change: Partial<Graph>, pattern: RegExp) =>
    assert.throws(
      () => planGraph({ ...chain, ...change }, { batch: 1, time: 4 }),
      (error: Error) => error instanceof GraphError && pattern.test(error.message),
    );
  refused({ outputs: ['nothing'] }, /output "nothing" is made by no node/);
  refused({ outputs: [] }, /no outputs/);
  refused({ nodes: [...chain.nodes].reverse() }, /made by no earlier node/);
  refused({ nodes: [...chain.nodes, chain.nodes[0]] }, /made twice/);
  refused({ outputs: ['a'], nodes: [{ ...chain.nodes[0], op: 'quantum' }] }, /there is no op "quantum"/);
  refused(
    { outputs: ['a'], nodes: [{ ...chain.nodes[0], attributes: { pads: 'x' } }] },
    /"pads" must be a list of numbers/,
  );
  refused(
    { outputs: ['b'], nodes: [{ ...chain.nodes[1], inputs: ['x'], attributes: { kind: 'sine' } }] },
    /must be one of/,
  );
  assert.throws(() => planGraph(chain, { batch: 1 }), /needs a positive whole number for "time"/);
});

test('an op that looks ahead makes the graph unstreamable', () => {
  const ahead = { ...chain, nodes: [{ ...chain.nodes[0], attributes: { pads: [1, 1] } }], outputs: ['a'] };
  const plan = planGraph(ahead, { batch: 1, time: 4 });
  assert.not(plan.streamable);
  assert.is(plan.stateLength, 0);
});

test.run();
