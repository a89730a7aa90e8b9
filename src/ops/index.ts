/** All ops by name. An op is a file here and a kernel a backend: see CONTRIBUTING.md. */
import { GraphError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import type { Op } from './op.ts';
import * as registry from './registry.generated.ts';

export const ops: ReadonlyMap<string, Op> = new Map(Object.values(registry).map((op) => [op.name, op]));

export function opNamed(node: GraphNode): Op {
  const op = ops.get(node.op);
  if (!op) throw new GraphError(node, `there is no op "${node.op}"; known: ${[...ops.keys()].join(', ')}`);
  return op;
}

/** A backend's kernel for a node: that of its op, or the one called `movement` for an op that only moves data. */
export function kernelFor<Kernel>(node: GraphNode, kernels: Readonly<Record<string, Kernel>>, backend: string): Kernel {
  const kernel = kernels[node.op] ?? (opNamed(node).movement ? kernels['movement'] : undefined);
  if (!kernel) throw new GraphError(node, `the ${backend} backend has no kernel for this op`);
  return kernel;
}
