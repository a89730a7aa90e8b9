/** What the builders of all kernels share. */
import { DeviceLimitError, UndertoneError } from '../../../errors.ts';
import type { PlannedNode } from '../../../graph/plan.ts';
import { activations } from '../../../ops/activation.ts';
import type { UnaryAttributes } from '../../../ops/unary.ts';
import type { DeviceLimits } from '../device.ts';
import type { Lowering } from '../lowering.ts';
import { loadShader } from '../shaders.ts';
import type { Tuning } from '../tuning.ts';

/** A node about to become steps, and what the nodes behind it that are folded into it ask for. */
export interface Task {
  readonly planned: PlannedNode;
  readonly lowering: Lowering;
  readonly limits: DeviceLimits;
  readonly tuning: Tuning;
  readonly fused?: Fused;
}

export interface Fused {
  /** The value that the last of the folded nodes makes. */
  readonly output: string;
  /** An addition behind the node: the other operand, and the activation after it where the node itself has none. */
  readonly residual?: { readonly value: string; readonly activation: UnaryAttributes } | undefined;
  /** A softmax behind the node, or its logarithm. */
  readonly softmax?: 'probabilities' | 'logarithm' | undefined;
}

export type Builder = (task: Task) => void;

/** The number by which a shader knows something, `const LEAKY_RELU = 2u;` for leakyRelu. */
export function constantIn(file: string, name: string): number {
  const constant = loadShader(file).constants.get(name.replace(/[A-Z]/g, '_$&').toUpperCase());
  if (constant === undefined) throw new UndertoneError(`${file} has no constant for "${name}"`);
  return constant;
}

export function activationConstants({ kind, alpha, beta }: UnaryAttributes): Record<string, number> {
  // Only those that use them, so that equal kernels share a pipeline.
  const scaled = 'alpha' in activations[kind];
  return { ACTIVATION: constantIn('activation.wgsl', kind), ...(scaled ? { ALPHA: alpha, BETA: beta } : {}) };
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
