import type { SubgroupSizes } from '../device.ts';
import type { Builder } from './common.ts';
import { floorPower, spread } from './common.ts';
import { buildProjection, partsOf, type Room } from './recurrent.ts';

/** Rows of R that one invocation may keep in registers, three floats each; KEPT in gru-step.wgsl. */
const kept = 16;

/** A workgroup larger than this leaves too few registers for the rows that are kept. */
const residentInvocations = 768;

/** All steps' share of the inputs in one product, then one workgroup a sequence that walks the time. */
export const gru: Builder = (task) => {
  const { planned, lowering, limits, subgroups } = task;
  const { node, state } = planned;
  const { batch, time, hidden, widest, projected, recurrent } = buildProjection(task, 3);
  const { parts, span, resident } = shapeOf(hidden, limits);
  const joined = subgroups && inSubgroups(hidden, { ...limits, maxComputeInvocationsPerWorkgroup: widest }, subgroups);
  const bias = lowering.weights(`${node.outputs[0]}: recurrent bias`, 3 * hidden, () =>
    Float32Array.from(lowering.constant(node, 4).data),
  );
  const first = node.inputs[5] ? lowering.operand(node.inputs[5]) : undefined;
  const [y] = node.outputs;
  lowering.step({
    node: node.name,
    kernel: joined
      ? {
          file: 'gru-subgroups.wgsl',
          entry: 'main',
          constants: { HIDDEN: hidden, PARTS: joined.parts, SPAN: joined.span, ...recurrent.constants },
        }
      : {
          file: 'gru.wgsl',
          entry: resident ? 'resident' : 'streamed',
          constants: { HIDDEN: hidden, PARTS: parts, SPAN: span, ...recurrent.constants },
        },
    grid: spread(batch, limits),
    reads: [projected, ...(first === undefined ? [] : [first])],
    writes: [y],
    params: (places) => ({
      projected: places.value(projected),
      y: places.value(y),
      weights: places.weights(recurrent.key),
      bias: places.weights(bias),
      time,
      reverse: node.attributes.direction === 'reverse' ? 1 : 0,
      batch,
      first: first === undefined ? places.stateIn(state[0]?.offset ?? 0) : places.value(first),
      firstStride: first === undefined ? places.stateLength : hidden,
      hasFirst: first === undefined ? (state[0] ? places.streaming : 0) : 1,
      last: places.stateOut(state[0]?.offset ?? 0),
      lastStride: places.stateLength,
      hasLast: state[0] ? places.streaming : 0,
      depth: 1,
    }),
  });
};

/**
 * How the rows of R are divided, so that each invocation has few of them to go through at a step, and whether those
 * few fit its registers.
 */
export function shapeOf(hidden: number, room: Room): { parts: number; span: number; resident: boolean } {
  const invocations = room.maxComputeInvocationsPerWorkgroup;
  const parts = partsOf(hidden, Math.min(invocations, residentInvocations), room);
  if (Math.ceil(hidden / parts) <= kept) return { parts, span: Math.ceil(hidden / parts), resident: true };
  const most = partsOf(hidden, invocations, room);
  return { parts: most, span: Math.ceil(hidden / most), resident: false };
}

/**
 * The division with which the parts of a unit fit into one subgroup, whatever its size, and all subgroups are full;
 * undefined if there is none, or not with rows that fit the registers.
 */
export function inSubgroups(
  hidden: number,
  room: Room,
  { smallest, largest }: SubgroupSizes,
): { parts: number; span: number } | undefined {
  const invocations = Math.min(room.maxComputeInvocationsPerWorkgroup, residentInvocations);
  const parts = Math.min(partsOf(hidden, invocations, room), floorPower(smallest));
  const span = Math.ceil(hidden / parts);
  return span <= kept && (hidden * parts) % largest === 0 ? { parts, span } : undefined;
}
