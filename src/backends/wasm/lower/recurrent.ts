import type { PlannedNode } from '../../../graph/plan.ts';
import type { Builder, Lower } from './builder.ts';
import { plainProduct } from './product.ts';

/** What GRU and LSTM share: x W + b over all time, and the product of each step, held for the kernel to call with. */
function projections({ node, inputShapes }: PlannedNode, to: Builder, gates: number, h: number, recurrentBias: number) {
  const [x, w, r, bias] = node.inputs as [string, string, string, string];
  const [batch, time, features] = inputShapes[0] as [number, number, number];
  const hidden = inputShapes[2][0];
  const columns = gates * hidden;
  const fromX = to.scratch(batch * time * columns);
  const fromH = to.scratch(batch * columns);
  const matrix = (name: string, rows: number): number => to.packed(name, { rows, columns });
  to.code.emit(
    'product',
    plainProduct(to, {
      x: to.address(x),
      rows: batch * time,
      length: features,
      columns,
      weights: matrix(w, features),
      bias: to.address(bias),
      y: fromX,
    }),
  );
  const recurrent = to.code.emit(
    'heldProduct',
    plainProduct(to, {
      x: h,
      rows: batch,
      length: hidden,
      columns,
      weights: matrix(r, hidden),
      bias: recurrentBias,
      y: fromH,
    }),
  );
  return {
    fromX,
    fromH,
    h,
    y: to.address(node.outputs[0]),
    batch,
    time,
    hidden,
    reverse: Number(node.attributes['direction'] === 'reverse'),
    recurrent,
  };
}

/** Scratch [batch, hidden] with what the recurrence begins with: an input, the stream's state, or zeros. */
function begin(planned: PlannedNode, to: Builder, first: string | undefined, index: number): number {
  const [batch, hidden] = [planned.inputShapes[0][0], planned.inputShapes[2][0]];
  const y = to.scratch(batch * hidden);
  const state = to.state(planned, index);
  if (first) to.code.emit('copy', { x: to.address(first), y, rows: 1, length: batch * hidden });
  else if (state)
    to.code.emit('copy', { x: state.state, y, rows: batch, length: hidden, xStep: state.stateStep, yStep: 4 * hidden });
  else to.code.emit('fill', { y, count: batch * hidden, value: 0 });
  return y;
}

function end(planned: PlannedNode, to: Builder, x: number, index: number): void {
  const [batch, hidden] = [planned.inputShapes[0][0], planned.inputShapes[2][0]];
  const state = to.state(planned, index);
  if (state)
    to.code.emit('copy', { x, y: state.state, rows: batch, length: hidden, xStep: 4 * hidden, yStep: state.stateStep });
}

export const gru: Lower = (planned, to) => {
  const h = begin(planned, to, planned.node.inputs[5], 0);
  to.code.emit('gru', projections(planned, to, 3, h, to.address(planned.node.inputs[4])));
  end(planned, to, h, 0);
};

export const lstm: Lower = (planned, to) => {
  const { inputs, outputs } = planned.node;
  const [batch, hidden] = [planned.inputShapes[0][0], planned.inputShapes[2][0]];
  const h = begin(planned, to, inputs[4], 0);
  const c = begin(planned, to, inputs[5], 1);
  to.code.emit('lstm', { ...projections(planned, to, 4, h, to.zeros(4 * hidden)), c });
  end(planned, to, h, 0);
  end(planned, to, c, 1);
  if (outputs[1]) to.code.emit('copy', { x: c, y: to.address(outputs[1]), rows: 1, length: batch * hidden });
};
