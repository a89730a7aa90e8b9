/**
 * The reference computations of src/ops against the formulas written a second time: loops over whole indices in float64,
 * which share no code with the ops, not even shapes and defaults. Every case of the table goes through both.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { close } from '../../src/backends/tolerances.ts';
import type { Attributes } from '../../src/graph/graph.ts';
import { assertClose } from '../support/parity.ts';
import { opCases, opRows } from './cases.ts';
import { fromData, type Given, indices } from './naive/values.ts';

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
    const made = [opRows[node.op].formula(values[0]!, { inputs: values, ...attributesOf(node.attributes) })].flat();
    const program = await new ReferenceBackend().prepare(graph, {});
    const outputs = program.run(inputs.map(({ data }) => data));
    outputs.forEach((output, i) => {
      assert.equal(program.plan.shapes.get(graph.outputs[i]), made[i].shape);
      const expected = indices(made[i].shape).map((index) => made[i].at(...index));
      assertClose(output, expected, close, `${title}, output ${i}`);
    });
  });
}

test.run();
