import type { Builder } from './common.ts';
import { spread } from './common.ts';
import { buildProjection, partsOf } from './recurrent.ts';

/** As a GRU: one product for all inputs, then one workgroup a sequence. */
export const lstm: Builder = (task) => {
  const { planned, lowering, limits } = task;
  const { node, state } = planned;
  const { batch, time, hidden, projected, recurrent } = buildProjection(task, 4);
  const parts = partsOf(hidden, limits.maxComputeInvocationsPerWorkgroup, limits);
  const given = [node.inputs[4], node.inputs[5]].map((name) => (name ? lowering.operand(name) : undefined));
  const [y, cell] = node.outputs;
  lowering.step({
    node: node.name,
    kernel: {
      file: 'lstm.wgsl',
      entry: 'main',
      constants: { HIDDEN: hidden, PARTS: parts, SPAN: Math.ceil(hidden / parts), ...recurrent.constants },
    },
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
      const last = (index: 0 | 1): [number, number, number] => [
        places.stateOut(state[index]?.offset ?? 0),
        places.stateLength,
        state[index] ? places.streaming : 0,
      ];
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
        firstHidden,
        firstHiddenStride,
        hasFirstHidden,
        firstCell,
        firstCellStride,
        hasFirstCell,
        lastHidden,
        lastHiddenStride,
        hasLastHidden,
        lastCell,
        lastCellStride,
        hasLastCell,
      };
    },
  });
};
