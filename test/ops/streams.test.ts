/** Which ops can be cut along time, and what they carry: an op that is cut though it must not be is wrong and says nothing. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { opNamed, ops } from '../../src/ops/index.ts';
import { opRows } from './cases.ts';

for (const [op, { carries }] of Object.entries(opRows)) {
  for (const [title, shapes, attributes, state, outputs = 1] of carries) {
    test(`${op}: ${title}`, () => {
      const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
      const node = { name: op, op, inputs: shapes.map((_, i) => `x${i}`), outputs: names, attributes };
      assert.is(opNamed(node).infer(node, shapes).length, outputs);
      assert.equal(opNamed(node).state(node, shapes) ?? 'whole', state);
    });
  }
}

test('every op is here, and those that may need all of time both ways', () => {
  assert.equal(Object.keys(opRows).sort(), [...ops.keys()].sort());
  const always = new Set(['binary', 'dense', 'logmel', 'unary']);
  const oneWay = Object.entries(opRows).filter(
    ([, { carries }]) => new Set(carries.map(([, , , state]) => state === 'whole')).size < 2,
  );
  assert.equal(oneWay.map(([op]) => op).sort(), [...always].sort());
});

test.run();
