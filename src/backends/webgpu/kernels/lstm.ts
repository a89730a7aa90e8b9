import { DeviceLimitError } from '../../../errors.ts';
import type { Builder } from './common.ts';
import { spread } from './common.ts';
import { denseProduct, identity } from './conv.ts';
import { buildProduct } from './product.ts';
import { partsOf } from './gru.ts';

/** As a GRU: one product for all inputs, then one workgroup a sequence. */
export const buildLstm: Builder = (task) => {
  const { planned, lowering, limits } = task;
  const { node, inputShapes, state } = planned;
  const [batch, time] = inputShapes[0];
  const hidden = inputShapes[2][0];
  const widest = Math.min(limits.maxComputeWorkgroupSizeX, limits.maxComputeInvocationsPerWorkgroup);
  if (hidden > widest) throw new DeviceLimitError(`node "${node.name}" (lstm): hidden size (maxComputeInvocationsPerWorkgroup)`, hidden, widest);

  const projected = lowering.scratch(`${node.outputs[0]}: projected`, [batch, time, 4 * hidden]);
  buildProduct(task, {
    ...denseProduct(inputShapes[0], 4 * hidden),
    node,
    x: node.inputs[0],
    y: projected,
    weights: lowering.constant(node, 1),
    bias: lowering.constant(node, 3),
    activation: identity,
  });

  const parts = partsOf(hidden, limits.maxComputeInvocationsPerWorkgroup, limits);
  const r = lowering.constant(node, 2);
  const recurrent = lowering.matrix(`${node.outputs[0]}: recurrent`, r, { length: 4 * hidden * hidden }, () => r.data as Float32Array);
  const given = [node.inputs[4], node.inputs[5]].map((name) => (name ? lowering.operand(name) : undefined));
  const [y, cell] = node.outputs;
  lowering.step({
    node: node.name,
    kernel: { file: 'lstm.wgsl', entry: 'main', constants: { HIDDEN: hidden, PARTS: parts, SPAN: Math.ceil(hidden / parts), ...recurrent.constants } },
    grid: spread(batch, limits),
    reads: [projected, ...given.filter((name) => name !== undefined)],
    writes: node.outputs,
    params: (places) => {
      // First and last states lie in values of the graph, in the stream's state, or nowhere.
      const first = (index: 0 | 1): [number, number, number] => {
        const name = given[index];
        if (name !== undefined) return [places.value(name), hidden, 1];
        return [places.stateIn(state[index]?.offset ?? 0), places.stateLength, state[index] ? places.streaming : 0];
      };
      const last = (index: 0 | 1): [number, number, number] => [places.stateOut(state[index]?.offset ?? 0), places.stateLength, state[index] ? places.streaming : 0];
      const [firstHidden, firstHiddenStride, hasFirstHidden] = first(0);
      const [firstCell, firstCellStride, hasFirstCell] = first(1);
      const [lastHidden, lastHiddenStride, hasLastHidden] = last(0);
      const [lastCell, lastCellStride, hasLastCell] = cell === undefined ? last(1) : [places.value(cell), hidden, 1];
      return {
        projected: places.value(projected),
        y: places.value(y),
        weights: places.weights(recurrent.key),
        time,
        reverse: node.attributes.direction === 'reverse' ? 1 : 0,
        batch,
        firstHidden, firstHiddenStride, hasFirstHidden, firstCell, firstCellStride, hasFirstCell,
        lastHidden, lastHiddenStride, hasLastHidden, lastCell, lastCellStride, hasLastCell,
      };
    },
  });
};
