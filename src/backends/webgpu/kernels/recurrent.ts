/** What GRU and LSTM share: the inputs' share of the gates for all steps at once, R, and how its rows are divided. */
import { DeviceLimitError } from '../../../errors.ts';
import type { DeviceLimits } from '../device.ts';
import type { Lowering } from '../lowering.ts';
import { floorPower, type Task } from './common.ts';
import { denseProduct, identity } from './conv.ts';
import { buildProduct } from './product.ts';

export interface Recurrent {
  readonly batch: number;
  readonly time: number;
  readonly hidden: number;
  /** x W + b, [batch, time, gates x hidden]. */
  readonly projected: string;
  /** R [hidden, gates x hidden]. */
  readonly recurrent: ReturnType<Lowering['matrix']>;
}

/**
 * Makes the step that projects the inputs. Throws DeviceLimitError where a workgroup has no room for the hidden state.
 */
export function buildProjection(task: Task, gates: number): Recurrent {
  const { planned, lowering, limits } = task;
  const { node, inputShapes } = planned;
  const [batch, time] = inputShapes[0];
  const hidden = inputShapes[2][0];
  const widest = Math.min(limits.maxComputeWorkgroupSizeX, limits.maxComputeInvocationsPerWorkgroup);
  if (hidden > widest)
    throw new DeviceLimitError(
      `node "${node.name}" (${node.op}): hidden size (maxComputeInvocationsPerWorkgroup)`,
      hidden,
      widest,
    );

  const projected = lowering.scratch(`${node.outputs[0]}: projected`, [batch, time, gates * hidden]);
  buildProduct(task, {
    ...denseProduct(inputShapes[0], gates * hidden),
    node,
    x: node.inputs[0],
    y: projected,
    weights: lowering.constant(node, 1),
    bias: lowering.constant(node, 3),
    activation: identity,
  });
  const r = lowering.constant(node, 2);
  const recurrent = lowering.matrix(`${node.outputs[0]}: recurrent`, r, { length: gates * hidden * hidden }, () =>
    Float32Array.from(r.data),
  );
  return { batch, time, hidden, projected, recurrent };
}

/** Workgroup memory and invocations, as far as they matter here. */
export type Room = Pick<DeviceLimits, 'maxComputeInvocationsPerWorkgroup' | 'maxComputeWorkgroupStorageSize'>;

/**
 * Into how many parts the rows of R are divided with so many invocations: as many as there is room for, up to `most`.
 */
export function partsOf(
  hidden: number,
  invocations: number,
  { maxComputeWorkgroupStorageSize }: Room,
  most = 8,
): number {
  // 16 bytes of workgroup memory an invocation for the partial sums, and the state.
  const memory = Math.floor((maxComputeWorkgroupStorageSize - 4 * hidden - 16) / (16 * hidden));
  return Math.min(most, floorPower(Math.max(1, Math.min(Math.floor(invocations / hidden), memory, hidden))));
}
