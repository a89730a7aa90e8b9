/**
 * What the columns of a network's output are: classes that sum to 1, independent ones, or one class and its opposite.
 */
import type { Graph, GraphNode } from '../graph/graph.ts';
import { probe } from '../graph/passes/edit.ts';

/** Ops that leave numbers as they are. */
const movers = ['reshape', 'transpose', 'slice', 'pad', 'concat', 'gather', 'repeat', 'crop', 'expand'];

/** Whether the first output is a sigmoid: every column a probability of its own. */
export function isSigmoid({ nodes, outputs }: Graph): boolean {
  const makers = new Map<string, GraphNode>(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  let maker = makers.get(outputs[0]);
  while (maker && (movers.includes(maker.op) || maker.attributes.kind === 'identity'))
    maker = makers.get(maker.inputs[0]);
  return maker?.attributes.activation === 'sigmoid' || (maker?.op === 'unary' && maker.attributes.kind === 'sigmoid');
}

/** Whether the first output has one column, the probability of one class. */
export function hasOneColumn(graph: Graph): boolean {
  return probe(graph).every(({ shapes }) => shapes.get(graph.outputs[0])!.at(-1) === 1) && isSigmoid(graph);
}

/** The names of one column's two classes: "x" and "not x", where the second one is not given. */
export function bothLabels(labels: readonly string[]): readonly string[] {
  return labels.length === 1 ? [labels[0], `not ${labels[0]}`] : labels;
}

/** The graph with 1 - p as a second column behind p. */
export function withOpposite(graph: Graph): Graph {
  const [output, ...others] = graph.outputs;
  const [column, opposite, one] = [`${output}.column`, `${output}.opposite`, `${output}.one`];
  const renamed = (name: string): string => (name === output ? column : name);
  const rank = probe(graph)[0].shapes.get(output)!.length;
  return {
    ...graph,
    constants: new Map([...graph.constants, [one, { shape: [1], data: Float32Array.of(1) }]]),
    nodes: [
      ...graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) })),
      { name: opposite, op: 'binary', inputs: [one, column], outputs: [opposite], attributes: { kind: 'subtract' } },
      { name: output, op: 'concat', inputs: [column, opposite], outputs: [output], attributes: { axis: rank - 1 } },
    ],
    outputs: [output, ...others],
  };
}

/** What `withOpposite` makes of the values of its output. */
export const columnAndOpposite = (values: Float32Array): Float32Array =>
  Float32Array.from({ length: 2 * values.length }, (_, i) => (i % 2 === 0 ? values[i >> 1] : 1 - values[i >> 1]));
