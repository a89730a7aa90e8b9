/** What passes are written with: one sweep over the nodes, in which a node may swallow those that feed it. */
import type { Graph, GraphNode } from '../graph.ts';
import { type Plan, planGraph } from '../plan.ts';
import type { Shape, Tensor } from '../tensor.ts';

export type Pass = (graph: Graph) => Graph;

export class Editor {
  readonly constants: Map<string, Tensor>;
  readonly #uses = new Map<string, number>();
  readonly #makers = new Map<string, GraphNode>();
  readonly #alias = new Map<string, string>();
  readonly #gone = new Set<GraphNode>();
  #plans: readonly Plan[] | undefined;
  readonly graph: Graph;

  constructor(graph: Graph) {
    this.graph = graph;
    this.constants = new Map(graph.constants);
    for (const node of graph.nodes)
      for (const name of node.inputs) this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1);
    // A result that is given back is used once more than nodes use it.
    for (const name of graph.outputs) this.#uses.set(name, (this.#uses.get(name) ?? 0) + 2);
  }

  /** The node that made a value. */
  maker(name: string): GraphNode | undefined {
    return this.#makers.get(name);
  }

  /** The maker of a value that nothing else uses. */
  soleMaker(name: string): GraphNode | undefined {
    return this.#uses.get(name) === 1 ? this.#makers.get(name) : undefined;
  }

  isOutput(name: string): boolean {
    return this.graph.outputs.includes(name);
  }

  constant(name: string | undefined): Tensor | undefined {
    return name ? this.constants.get(name) : undefined;
  }

  addConstant(hint: string, tensor: Tensor): string {
    let name = hint;
    for (let n = 2; this.constants.has(name) || this.#uses.has(name); n++) name = `${hint}.${n}`;
    this.constants.set(name, tensor);
    return name;
  }

  /** Takes a node out that another one now stands for. */
  swallow(node: GraphNode): void {
    this.#gone.add(node);
  }

  /** Lets every later use of `name` mean `other`. */
  replace(name: string, other: string): void {
    this.#alias.set(name, other);
    this.#uses.set(other, (this.#uses.get(other) ?? 0) + (this.#uses.get(name) ?? 0) - 1);
  }

  /** The shapes that a value of the original graph has at several sizes of the input. */
  shapes(name: string): readonly Shape[] {
    this.#plans ??= probeWidely(this.graph);
    return this.#plans.map((plan) => plan.shapes.get(name)!);
  }

  /** Visits every node in order; what `rewrite` gives stands in its place. */
  sweep(rewrite: (node: GraphNode) => GraphNode | readonly GraphNode[] | undefined): Graph {
    const kept: GraphNode[] = [];
    for (const original of this.graph.nodes) {
      const inputs = original.inputs.map((name) => this.#alias.get(name) ?? name);
      const node = { ...original, inputs };
      const result = rewrite(node) ?? node;
      for (const made of Array.isArray(result) ? (result as GraphNode[]) : [result as GraphNode]) {
        kept.push(made);
        for (const name of made.outputs) this.#makers.set(name, made);
      }
    }
    return { ...this.graph, nodes: kept.filter((node) => !this.#gone.has(node)), constants: this.constants };
  }
}

/** Lengths of open axes, tried in turn until the graph can be prepared. */
const lengths = [64, 256, 1024, 16384, 160, 1000, 512, 16000, 1, 2, 4, 8, 16, 32];

/** The graph prepared at two sizes, so that extents that only happen to be equal can be told from equal ones. */
export function probe(graph: Graph): readonly [Plan, Plan] {
  return probed(graph).plans;
}

/** Longer stretches, in multiples of the first one: what strides make 1 of two lengths they make several of these. */
const longer = [16, 251] as const;

/**
 * Like `probe`, at larger sizes too where the graph takes them: passes rely on extents that are equal at all of them.
 */
function probeWidely(graph: Graph): readonly Plan[] {
  const { plans, at } = probed(graph);
  const more = longer.flatMap((factor, i) => {
    try {
      return [at(2 + i, factor)];
    } catch {
      return [];
    }
  });
  return [...plans, ...more];
}

function probed(graph: Graph): {
  plans: readonly [Plan, Plan];
  at: (batch: number, factor: number) => Plan;
} {
  const symbols = [
    ...new Set(graph.inputs.flatMap(({ shape }) => shape.filter((extent) => typeof extent === 'string'))),
  ];
  let failure: unknown;
  for (const length of lengths) {
    const at = (batch: number, factor: number): Plan =>
      planGraph(
        graph,
        Object.fromEntries(symbols.map((symbol) => [symbol, symbol === 'batch' ? batch : length * factor])),
      );
    try {
      return { plans: [at(2, 1), at(3, 2)], at };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}
