/**
 * The portable form of a network: what a model file holds and what every backend prepares. A graph is immutable,
 * its nodes stand in an order in which they can run, and every value has a name and exactly one maker.
 */
import { GraphError } from '../errors.ts';
import type { Shape, Tensor } from './tensor.ts';

/** An extent that is known, or a name such as `batch` or `time` that is bound when the graph is prepared. */
export type Dimension = number | string;

export type ElementType = 'float32' | 'int16';

export interface GraphInput {
  readonly name: string;
  readonly shape: readonly Dimension[];
  readonly type: ElementType;
}

export type AttributeValue = number | string | readonly number[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface GraphNode {
  readonly name: string;
  /** The name of an op in src/ops. */
  readonly op: string;
  /** Names of values or constants; an empty string stands for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

export interface Graph {
  readonly inputs: readonly GraphInput[];
  readonly nodes: readonly GraphNode[];
  readonly constants: ReadonlyMap<string, Tensor>;
  /** Names of the values that a run gives back, in this order. */
  readonly outputs: readonly string[];
}

/** What the names among an input's dimensions stand for, for example `{ batch: 1, steps: 16 }`. */
export type Bindings = Readonly<Record<string, number>>;

export function inputShape(input: GraphInput, bindings: Bindings): Shape {
  return input.shape.map((dimension) => {
    const extent = typeof dimension === 'number' ? dimension : bindings[dimension];
    if (extent === undefined || !Number.isInteger(extent) || extent < 1) {
      throw new GraphError(
        undefined,
        `input "${input.name}" needs a positive whole number for "${dimension}", got ${extent}`,
      );
    }
    return extent;
  });
}

/** Checks names and order: each input of each node is made before it is used, and nothing is made twice. */
export function checkGraph(graph: Graph): void {
  const made = new Set<string>([...graph.inputs.map((input) => input.name), ...graph.constants.keys()]);
  if (made.size !== graph.inputs.length + graph.constants.size)
    throw new GraphError(undefined, 'an input and a constant share a name');
  for (const node of graph.nodes) {
    for (const name of node.inputs) {
      if (name !== '' && !made.has(name)) throw new GraphError(node, `input "${name}" is made by no earlier node`);
    }
    for (const name of node.outputs) {
      if (name === '' || made.has(name)) throw new GraphError(node, `output "${name}" is unnamed or made twice`);
      made.add(name);
    }
  }
  if (graph.outputs.length === 0) throw new GraphError(undefined, 'it has no outputs');
  for (const name of graph.outputs) {
    if (!made.has(name)) throw new GraphError(undefined, `output "${name}" is made by no node`);
  }
}
