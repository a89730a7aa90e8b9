import type { GraphNode } from '../../../graph/graph.ts';
import type { Plan, PlannedNode } from '../../../graph/plan.ts';
import { sameShape } from '../../../graph/tensor.ts';
import { epilogueOf } from './elementwise.ts';
import { lastResidual } from './product.ts';

/**
 * x + activation(conv(...)): a convolution whose only reader adds a value of the same shape adds it itself as it
 * stores its result. The joint node stands where the addition stood, so that both operands are there.
 */
export function fuseResiduals(plan: Plan): Plan {
  const readers = new Map<string, number>();
  for (const name of [...plan.nodes.flatMap(({ node }) => node.inputs), ...plan.graph.outputs])
    readers.set(name, (readers.get(name) ?? 0) + 1);
  const makers = new Map<string, PlannedNode>();
  const gone = new Set<PlannedNode>();
  const joint = new Map<PlannedNode, PlannedNode>();
  for (const planned of plan.nodes) {
    const conv = residualConv(planned, makers, readers);
    if (conv) {
      gone.add(conv);
      const other = planned.node.inputs.find((name) => name !== conv.node.outputs[0])!;
      const inputs = Array.from({ length: lastResidual }, (_, i) => conv.node.inputs[i] ?? '');
      joint.set(planned, {
        ...conv,
        node: { ...conv.node, inputs: [...inputs, other], outputs: planned.node.outputs },
      });
    }
    for (const name of planned.node.outputs) makers.set(name, planned);
  }
  const nodes = plan.nodes.filter((planned) => !gone.has(planned)).map((planned) => joint.get(planned) ?? planned);
  return { ...plan, nodes };
}

function residualConv(
  { node, inputShapes, outputShapes }: PlannedNode,
  makers: ReadonlyMap<string, PlannedNode>,
  readers: ReadonlyMap<string, number>,
): PlannedNode | undefined {
  if (
    node.op !== 'binary' ||
    node.attributes['kind'] !== 'add' ||
    (node.attributes['activation'] ?? 'identity') !== 'identity'
  )
    return undefined;
  if (!inputShapes.every((shape) => sameShape(shape, outputShapes[0]))) return undefined;
  return node.inputs
    .map((name) => makers.get(name))
    .find((maker) => maker && canTakeResidual(maker.node) && readers.get(maker.node.outputs[0]) === 1);
}

function canTakeResidual(node: GraphNode): boolean {
  return node.op === 'conv' && !node.inputs[3] && epilogueOf(node).pass === undefined;
}
