/**
 * The reference computations of src/ops against the formulas written a second time: loops over whole indices in float64,
 * which share no code with the ops, not even shapes and defaults. Every case of the table goes through both.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { close } from '../../src/backends/tolerances.ts';
import type { Attributes } from '../../src/graph/graph.ts';
import { ops } from '../../src/ops/index.ts';
import { assertClose } from '../support/parity.ts';
import { opCases } from './cases.ts';
import { binary, unary } from './naive/elementwise.ts';
import { logmel } from './naive/logmel.ts';
import { concat, fitted, gather, pad, repeat, reshape, slice, transpose } from './naive/movement.ts';
import { gru, lstm } from './naive/recurrent.ts';
import { dense, matmul, normalise, reduce, softmax } from './naive/sums.ts';
import { type Formula, fromData, type Given, indices } from './naive/values.ts';
import { conv, convTranspose, pool } from './naive/windows.ts';

const formulas: Readonly<Record<string, Formula>> = {
  binary,
  concat,
  conv,
  convTranspose,
  crop: fitted((i) => i),
  dense,
  expand: fitted(() => 0),
  gather,
  gru,
  logmel,
  lstm,
  matmul,
  normalise,
  pad,
  pool,
  reduce,
  repeat,
  reshape,
  slice,
  softmax,
  transpose,
  unary,
};

const attributesOf = (attributes: Attributes): Omit<Given, 'inputs'> => ({
  list: (name) => attributes[name] as readonly number[] | undefined,
  number: (name) => attributes[name] as number | undefined,
  text: (name) => attributes[name] as string | undefined,
});

for (const { title, graph, inputs } of opCases) {
  test(`naive: ${title}`, async () => {
    const node = graph.nodes[0];
    const values = node.inputs.map((name) => {
      const at = graph.inputs.findIndex((input) => input.name === name);
      const tensor = at >= 0 ? inputs[at] : graph.constants.get(name);
      return tensor && fromData(tensor.shape, tensor.data);
    });
    const made = [formulas[node.op](values[0]!, { inputs: values, ...attributesOf(node.attributes) })].flat();
    const program = await new ReferenceBackend().prepare(graph, {});
    const outputs = program.run(inputs.map(({ data }) => data));
    outputs.forEach((output, i) => {
      assert.equal(program.plan.shapes.get(graph.outputs[i]), made[i].shape);
      const expected = indices(made[i].shape).map((index) => made[i].at(...index));
      assertClose(output, expected, close, `${title}, output ${i}`);
    });
  });
}

test('every op has its formula here', () => {
  assert.equal(Object.keys(formulas).sort(), [...ops.keys()].sort());
});

test.run();
