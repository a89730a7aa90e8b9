/** Which kernels compute which op, and which nodes become one dispatch. */
import type { Plan, PlannedNode } from '../../../graph/plan.ts';
import { sameShape } from '../../../graph/tensor.ts';
import { kernelFor } from '../../../ops/index.ts';
import { fusedActivation } from '../../../ops/unary.ts';
import type { Lowered } from '../lowered.ts';
import { Lowering } from '../lowering.ts';
import { type Tuning, usualTuning } from '../tuning.ts';
import type { Builder, Fused, Task } from './common.ts';
import { takesSoftmax } from './conv.ts';
import * as builders from './registry.generated.ts';

/** What kernels are chosen by, besides the plan. */
export interface Traits extends Pick<Task, 'limits'> {
  /** Numbers from which on a matrix of weights becomes float16. */
  readonly halvesFrom?: number;
  readonly tuning?: Partial<Tuning> | undefined;
}

/** All dispatches of a plan and where everything lies. Throws GraphError for an op without a kernel. */
export function lower(plan: Plan, { limits, halvesFrom, tuning: asked }: Traits): Lowered {
  const tuning = { ...usualTuning, ...asked };
  const lowering = new Lowering(plan, halvesFrom);
  const folds = findFolds(plan);
  for (const planned of plan.nodes) {
    // A node that another is folded with is built where the later of the two stands: all operands are there by then.
    if (folds.waiting.has(planned)) continue;
    const first = folds.by.get(planned);
    if (first) builderOf(first.planned)({ planned: first.planned, lowering, limits, tuning, fused: first.fused });
    else builderOf(planned)({ planned, lowering, limits, tuning });
  }
  return lowering.finish();
}

const builderOf = ({ node }: PlannedNode): Builder => kernelFor(node, builders, 'webgpu');

interface Folds {
  /** Nodes that are built later, together with the only node that uses them. */
  readonly waiting: ReadonlySet<PlannedNode>;
  /** By the node that ends a fold: the node that begins it, and what it is to do besides. */
  readonly by: ReadonlyMap<PlannedNode, { readonly planned: PlannedNode; readonly fused: Fused }>;
}

/** A conv or dense whose only user adds something to it, and a small dense whose only user is a softmax. */
function findFolds(plan: Plan): Folds {
  const users = new Map<string, number>();
  const count = (name: string): void => void users.set(name, (users.get(name) ?? 0) + 1);
  plan.nodes.forEach(({ node }) => node.inputs.forEach(count));
  plan.graph.outputs.forEach(count);
  const makers = new Map(plan.nodes.map((planned) => [planned.node.outputs[0], planned]));

  const waiting = new Set<PlannedNode>();
  const by = new Map<PlannedNode, { planned: PlannedNode; fused: Fused }>();
  for (const planned of plan.nodes) {
    for (const name of planned.node.inputs) {
      const maker = makers.get(name);
      if (!maker || users.get(name) !== 1 || waiting.has(maker) || by.has(maker)) continue;
      const fused = foldOf(maker, planned);
      if (!fused) continue;
      waiting.add(maker);
      by.set(planned, { planned: maker, fused });
      break;
    }
  }
  return { waiting, by };
}

function foldOf(maker: PlannedNode, user: PlannedNode): Fused | undefined {
  const [output] = user.node.outputs;
  if (maker.node.op === 'dense' && user.node.op === 'softmax' && takesSoftmax(maker.outputShapes[0].at(-1)!)) {
    return { output, softmax: user.node.attributes.log ? 'logarithm' : 'probabilities' };
  }
  if (!['conv', 'dense'].includes(maker.node.op) || user.node.op !== 'binary' || user.node.attributes.kind !== 'add')
    return undefined;
  if (maker.node.op === 'conv' && maker.node.inputs[3]) return undefined;
  const value = user.node.inputs.find((name) => name !== maker.node.outputs[0])!;
  const activation = fusedActivation(user.node);
  const oneActivation = activation.kind === 'identity' || fusedActivation(maker.node).kind === 'identity';
  if (!oneActivation || !sameShape(user.inputShapes[0], user.inputShapes[1])) return undefined;
  return { output, residual: { value, activation } };
}
