/** Graphs in few words, and what every pass must do: keep the result. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { close } from '../../src/backends/tolerances.ts';
import type { Attributes, Graph, GraphNode } from '../../src/graph/graph.ts';
import { checkGraph } from '../../src/graph/graph.ts';
import { probe } from '../../src/graph/passes/edit.ts';
import { passes } from '../../src/graph/passes/index.ts';
import { sizeOf, type Tensor } from '../../src/graph/tensor.ts';
import { assertClose } from './parity.ts';
import { seeded } from './random.ts';

export const tensor = (seed: string, ...shape: number[]): Tensor => {
  const random = seeded(seed);
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal() * 0.5 + 0.1) };
};

export type Row = readonly [op: string, inputs: string, output: string, attributes?: Attributes];

export function graphOf(
  rows: readonly Row[],
  constants: Record<string, Tensor>,
  x: readonly (number | string)[] = ['batch', 'time', 6],
  outputs?: string[],
): Graph {
  const nodes: GraphNode[] = rows.map(([op, inputs, output, attributes = {}], i) => ({
    name: `${op}${i}`,
    op,
    inputs: inputs.split(' ').map((name) => (name === '_' ? '' : name)),
    outputs: [output],
    attributes,
  }));
  return {
    inputs: [{ name: 'x', shape: x, type: 'float32' }],
    nodes,
    constants: new Map(Object.entries(constants)),
    outputs: outputs ?? [rows.at(-1)![2]],
  };
}

/** Both graphs give the same on the same input, at two sizes. */
export async function assertSame(before: Graph, after: Graph): Promise<void> {
  checkGraph(after);
  const reference = new ReferenceBackend();
  for (const { bindings, shapes } of probe(before)) {
    const random = seeded('input');
    const input = Float32Array.from({ length: sizeOf(shapes.get('x')!) }, () => random.normal());
    const [expected, got] = await Promise.all(
      [before, after].map(async (graph) => (await reference.prepare(graph, bindings)).run([input])),
    );
    expected.forEach((output, i) => assertClose(got[i], output, close, `output ${i}`));
  }
}

/** The pass keeps the result, and leaves these ops. */
export function passTest(title: string, pass: string, graph: Graph, left: string): void {
  test(`${pass}: ${title}`, async () => {
    const after = passes.removeDeadCode(passes[pass](graph));
    assert.is(after.nodes.map(({ op }) => op).join(' '), left);
    await assertSame(graph, after);
  });
}
