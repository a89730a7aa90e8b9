/**
 * What a backend needs to know of a graph at one shape: the shape of every value, what is carried along a stream,
 * and which values may share memory.
 */
import { GraphError } from '../errors.ts';
import { opNamed } from '../ops/index.ts';
import { type Bindings, checkGraph, type Graph, type GraphNode, inputShape } from './graph.ts';
import { type Shape, sizeOf } from './tensor.ts';

export interface PlannedNode {
  readonly node: GraphNode;
  /** Shapes of the inputs; an input that is left out has shape []. */
  readonly inputShapes: readonly Shape[];
  readonly outputShapes: readonly Shape[];
  /** State tensors of this node, batch axis left off, and where they stand in one stream's state. */
  readonly state: readonly { readonly shape: Shape; readonly offset: number }[];
}

export interface Plan {
  readonly graph: Graph;
  readonly bindings: Bindings;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly nodes: readonly PlannedNode[];
  /** Extent of axis 0 of the first input. */
  readonly batch: number;
  /** Whether a stream may be cut along time: every node can carry its state. */
  readonly streamable: boolean;
  /** Floats of state for one stream, 0 if not streamable. */
  readonly stateLength: number;
  readonly multiplyAdds: number;
}

export function planGraph(graph: Graph, bindings: Bindings): Plan {
  checkGraph(graph);
  const shapes = new Map<string, Shape>([...graph.constants].map(([name, tensor]) => [name, tensor.shape]));
  for (const input of graph.inputs) shapes.set(input.name, inputShape(input, bindings));

  const nodes: { node: GraphNode; inputShapes: Shape[]; outputShapes: Shape[]; stateShapes: Shape[] | undefined }[] =
    [];
  let multiplyAdds = 0;
  for (const node of graph.nodes) {
    const op = opNamed(node);
    const inputShapes = node.inputs.map((name) => (name === '' ? [] : shapes.get(name)!));
    const outputShapes = op.infer(node, inputShapes);
    if (outputShapes.length !== node.outputs.length) {
      throw new GraphError(node, `it makes ${outputShapes.length} outputs but names ${node.outputs.length}`);
    }
    node.outputs.forEach((name, i) => shapes.set(name, outputShapes[i]));
    nodes.push({ node, inputShapes, outputShapes, stateShapes: op.state(node, inputShapes) });
    multiplyAdds += op.multiplyAdds(node, inputShapes);
  }

  const streamable = nodes.every((planned) => planned.stateShapes !== undefined);
  let stateLength = 0;
  const placed = nodes.map(({ stateShapes, ...planned }) => ({
    ...planned,
    state: (streamable ? stateShapes! : []).map((shape) => {
      const offset = stateLength;
      stateLength += sizeOf(shape);
      return { shape, offset };
    }),
  }));
  // A number without axes is one item.
  const batch = shapes.get(graph.inputs[0].name)![0] ?? 1;
  return { graph, bindings, shapes, nodes: placed, batch, streamable, stateLength, multiplyAdds };
}

export interface Allocation {
  /** Offset of each value in the arena, in elements of float32. */
  readonly offsets: ReadonlyMap<string, number>;
  /** Length of the arena, in elements. */
  readonly length: number;
}

/**
 * Places values in one arena so that two values overlap only if they are never needed at the same time: largest
 * first, each at the lowest free offset. `extent` gives a value's size in elements (with whatever padding a backend
 * wants) or 0 for values that live elsewhere; `alias` names the value whose memory a value shares (a reshape).
 */
export function allocate(
  plan: Plan,
  extent: (name: string, shape: Shape) => number,
  options: { align?: number; alias?: (name: string) => string | undefined } = {},
): Allocation {
  const align = options.align ?? 4;
  const root = (name: string): string => {
    const other = options.alias?.(name);
    return other === undefined ? name : root(other);
  };
  const lives = new Map<string, { first: number; last: number; size: number }>();
  const touch = (name: string, at: number): void => {
    const owner = root(name);
    const size = Math.max(extent(name, plan.shapes.get(name)!), extent(owner, plan.shapes.get(owner)!));
    if (size === 0) return;
    const life = lives.get(owner) ?? { first: at, last: at, size: 0 };
    lives.set(owner, {
      first: Math.min(life.first, at),
      last: Math.max(life.last, at),
      size: Math.max(life.size, size),
    });
  };
  for (const input of plan.graph.inputs) touch(input.name, -1);
  plan.nodes.forEach(({ node }, at) => {
    for (const name of [...node.inputs, ...node.outputs])
      if (name !== '' && !plan.graph.constants.has(name)) touch(name, at);
  });
  for (const name of plan.graph.outputs) touch(name, plan.nodes.length);

  const offsets = new Map<string, number>();
  const placed: { first: number; last: number; from: number; to: number }[] = [];
  let length = 0;
  for (const [name, life] of [...lives].sort(([, a], [, b]) => b.size - a.size || a.first - b.first)) {
    const size = Math.ceil(life.size / align) * align;
    const rivals = placed
      .filter((other) => other.first <= life.last && life.first <= other.last)
      .sort((a, b) => a.from - b.from);
    let from = 0;
    for (const rival of rivals) if (from + size > rival.from) from = Math.max(from, rival.to);
    placed.push({ first: life.first, last: life.last, from, to: from + size });
    offsets.set(name, from);
    length = Math.max(length, from + size);
  }
  for (const name of plan.shapes.keys()) {
    const owner = root(name);
    if (owner !== name && offsets.has(owner)) offsets.set(name, offsets.get(owner)!);
  }
  return { offsets, length };
}
