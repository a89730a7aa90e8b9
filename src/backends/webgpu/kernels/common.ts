/** What the builders of all kernels share. */
import { DeviceLimitError, GraphError } from '../../../errors.ts';
import type { GraphNode } from '../../../graph/graph.ts';
import type { PlannedNode } from '../../../graph/plan.ts';
import type { UnaryAttributes } from '../../../ops/unary.ts';
import type { DeviceLimits, SubgroupSizes } from '../device.ts';
import type { Lowering } from '../lowering.ts';

/** A node about to become steps, and what the nodes behind it that are folded into it ask for. */
export interface Task {
  readonly planned: PlannedNode;
  readonly lowering: Lowering;
  readonly limits: DeviceLimits;
  readonly subgroups?: SubgroupSizes;
  readonly fused?: Fused;
}

export interface Fused {
  /** The value that the last of the folded nodes makes. */
  readonly output: string;
  /** An addition behind the node: the other operand, and the activation after it where the node itself has none. */
  readonly residual?: { readonly value: string; readonly activation: UnaryAttributes };
  /** A softmax behind the node, or its logarithm. */
  readonly softmax?: 'probabilities' | 'logarithm';
}

export type Builder = (task: Task) => void;

/** Activations in the order of activation.wgsl. */
const activationOrder = [
  'identity',
  'relu',
  'leakyRelu',
  'elu',
  'sigmoid',
  'hardSigmoid',
  'hardSwish',
  'tanh',
  'gelu',
  'geluTanh',
  'erf',
  'clip',
  'exp',
  'log',
  'sqrt',
  'abs',
  'negate',
  'floor',
  'round',
  'sin',
  'cos',
];

export function activationConstants(node: GraphNode, { kind, alpha, beta }: UnaryAttributes): Record<string, number> {
  const index = activationOrder.indexOf(kind);
  if (index < 0)
    throw new GraphError(node, `the webgpu backend has no activation "${kind}"; it has ${activationOrder.join(', ')}`);
  // Only those that use them, so that equal kernels share a pipeline.
  const scaled = ['leakyRelu', 'elu', 'hardSigmoid', 'clip'].includes(kind);
  return { ACTIVATION: index, ...(scaled ? { ALPHA: alpha, BETA: beta } : {}) };
}

/** Invocations of a workgroup whose size is free. */
export const lanes = 64;

/** A grid of at least `count` workgroups; kernels count them as y times width plus x. */
export function spread(count: number, limits: DeviceLimits, depth = 1): [number, number, number] {
  const widest = limits.maxComputeWorkgroupsPerDimension;
  const rows = Math.ceil(count / widest);
  if (rows > widest || depth > widest)
    throw new DeviceLimitError('maxComputeWorkgroupsPerDimension', Math.max(rows, depth), widest);
  return [Math.ceil(count / rows), rows, depth];
}

/** The largest power of two that is at most x. */
export function floorPower(x: number): number {
  return 2 ** Math.floor(Math.log2(x));
}
