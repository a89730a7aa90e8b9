import type { KernelThis } from '../kernels.ts';
import type { StepMaker } from '../step.ts';
import { biasOf, constantOf, DotProducts, rowsOf, transposed } from './convolution.ts';

/**
 * The next cell of unit x of item y. `projected` is x W + b of this step [batch, 4 hidden], gates i, o, f, g; the
 * recurrent weights stand as [gate and unit, hidden].
 */
function lstmCell(this: KernelThis, projected: number[], state: number[], cell: number[], recurrent: number[]): number {
  const unit = this.thread.x;
  const from = this.thread.y * this.constants.hidden;
  let i = projected[4 * from + unit];
  let f = projected[4 * from + 2 * this.constants.hidden + unit];
  let g = projected[4 * from + 3 * this.constants.hidden + unit];
  let weight = unit * this.constants.hidden;
  for (let k = 0; k < this.constants.hidden; k++) {
    const h = state[from + k];
    i += h * recurrent[weight];
    f += h * recurrent[weight + 2 * this.constants.hidden * this.constants.hidden];
    g += h * recurrent[weight + 3 * this.constants.hidden * this.constants.hidden];
    weight += 1;
  }
  return cell[from + unit] / (1 + Math.exp(-f)) + Math.tanh(g) / (1 + Math.exp(-i));
}

/** The next hidden state, of the next cell. */
function lstmOutput(
  this: KernelThis,
  projected: number[],
  state: number[],
  cell: number[],
  recurrent: number[],
): number {
  const unit = this.thread.x;
  const from = this.thread.y * this.constants.hidden;
  let o = projected[4 * from + this.constants.hidden + unit];
  let weight = (this.constants.hidden + unit) * this.constants.hidden;
  for (let k = 0; k < this.constants.hidden; k++) {
    o += state[from + k] * recurrent[weight];
    weight += 1;
  }
  return Math.tanh(cell[from + unit]) / (1 + Math.exp(-o));
}

/** As the GRU: all steps are projected at once, then two kernel calls a step carry the state. */
export const lstm: StepMaker = (context) => {
  const { node, kernels, inputShapes, inputs, outputs, batch, state: places } = context;
  const [, time, features] = inputShapes[0] as [number, number, number];
  const hidden = inputShapes[2][0];
  const gates = 4 * hidden;
  const packed = (index: number): Float32Array =>
    kernels.pack(constantOf(context, index), 'channels first', (data) => transposed(data, gates));
  const recurrent = packed(2);
  const project = new DotProducts(context, {
    ...rowsOf(features, gates, packed(1), biasOf(context, 3, gates)),
    activation: { kind: 'identity', alpha: 0, beta: 0 },
  });
  const types = ['Array', 'Array', 'Array', 'Array'] as const;
  const toCell = kernels.get({ name: 'lstmCell', body: lstmCell, inputs: types, constants: { hidden } });
  const toOutput = kernels.get({ name: 'lstmOutput', body: lstmOutput, inputs: types, constants: { hidden } });

  const x = inputs[0]!;
  const projected = new Float32Array(batch * time * gates);
  const row = new Float32Array(batch * gates);
  const [h, c, next] = [0, 1, 2].map(() => new Float32Array(batch * hidden)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const reverse = node.attributes.direction === 'reverse';
  const projectSize = [gates, 1, batch * time] as const;
  const size = [hidden, batch, 1] as const;
  project.build(projectSize, x);
  toCell.build(size, row, h, c, recurrent);
  toOutput.build(size, row, h, c, recurrent);
  return (state) => {
    project.run(projected, projectSize, x);
    [h, c].forEach((values, i) => {
      const first = inputs[4 + i];
      if (first) values.set(first);
      else values.fill(0);
      if (state && places[i]) for (let b = 0; b < batch; b++) values.set(places[i].of(state, b), b * hidden);
    });
    for (let step = 0; step < time; step++) {
      const t = reverse ? time - 1 - step : step;
      for (let b = 0; b < batch; b++)
        row.set(projected.subarray((b * time + t) * gates, (b * time + t + 1) * gates), b * gates);
      toCell.run(next, size, row, h, c, recurrent);
      c.set(next);
      toOutput.run(next, size, row, h, c, recurrent);
      h.set(next);
      for (let b = 0; b < batch; b++)
        outputs[0].set(next.subarray(b * hidden, (b + 1) * hidden), (b * time + t) * hidden);
    }
    outputs[1]?.set(c);
    if (!state) return;
    [h, c].forEach((values, i) => {
      if (places[i])
        for (let b = 0; b < batch; b++) places[i].of(state, b).set(values.subarray(b * hidden, (b + 1) * hidden));
    });
  };
};
