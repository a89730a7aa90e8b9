import type { Tuning } from '../tuning.ts';
import type { Builder } from './common.ts';
import { constantIn, spread } from './common.ts';
import { buildProjection, partsOf, type Room } from './recurrent.ts';

/** All steps' share of the inputs in one product, then one workgroup a sequence that walks the time. */
export const gru: Builder = (task) => {
  const { planned, lowering, limits, tuning } = task;
  const { node, state } = planned;
  const { batch, time, hidden, projected, recurrent } = buildProjection(task, 3);
  const { parts, span, resident } = shapeOf(hidden, limits, tuning);
  const bias = lowering.weights(`${node.outputs[0]}: recurrent bias`, 3 * hidden, () =>
    Float32Array.from(lowering.constant(node, 4).data),
  );
  const first = node.inputs[5] ? lowering.operand(node.inputs[5]) : undefined;
  const [y] = node.outputs;
  lowering.step({
    node: node.name,
    kernel: {
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
function shapeOf(hidden: number, room: Room, tuning: Tuning): { parts: number; span: number; resident: boolean } {
  const invocations = room.maxComputeInvocationsPerWorkgroup;
  const parts = partsOf(hidden, Math.min(invocations, tuning.gruInvocations), room, tuning.gruParts);
  if (Math.ceil(hidden / parts) <= constantIn('gru.wgsl', 'kept'))
    return { parts, span: Math.ceil(hidden / parts), resident: true };
  const most = partsOf(hidden, invocations, room, tuning.gruParts);
  return { parts: most, span: Math.ceil(hidden / most), resident: false };
}
