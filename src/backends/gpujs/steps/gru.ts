import type { KernelThis } from '../kernels.ts';
import type { StepMaker } from '../step.ts';
import { biasOf, constantOf, DotProducts, rowsOf, transposed } from './convolution.ts';

/**
 * One step of time: unit x of item y. `projected` is x W + bW of this step [batch, 3 hidden], `state` is h [batch,
 * hidden]; the recurrent weights stand as [unit, gate, hidden], so that one pass over h serves the three gates.
 */
function gruUnit(this: KernelThis, projected: number[], state: number[]): number {
  const unit = this.thread.x;
  const from = this.thread.y * this.constants.hidden;
  const input = 3 * from + unit;
  let z = this.constants.bias[unit];
  let r = this.constants.bias[this.constants.hidden + unit];
  let n = this.constants.bias[2 * this.constants.hidden + unit];
  let weight = 3 * unit * this.constants.hidden;
  for (let i = 0; i < this.constants.hidden; i++) {
    const h = state[from + i];
    z += h * this.constants.recurrent[weight];
    r += h * this.constants.recurrent[weight + this.constants.hidden];
    n += h * this.constants.recurrent[weight + 2 * this.constants.hidden];
    weight += 1;
  }
  const update = 1 / (1 + Math.exp(-(projected[input] + z)));
  const reset = 1 / (1 + Math.exp(-(projected[input + this.constants.hidden] + r)));
  const next = Math.tanh(projected[input + 2 * this.constants.hidden] + reset * n);
  return (1 - update) * next + update * state[from + unit];
}

/** All steps are projected at once; then one kernel call a step carries the hidden state. */
export const gru: StepMaker = (context) => {
  const { node, kernels, inputShapes, inputs, output, batch, state: places } = context;
  const [, time, features] = inputShapes[0] as [number, number, number];
  const hidden = inputShapes[2][0];
  const gates = 3 * hidden;
  const weights = kernels.pack(constantOf(context, 1), 'channels first', (data) => transposed(data, gates));
  const project = new DotProducts(context, {
    ...rowsOf(features, gates, weights, biasOf(context, 3, gates)),
    activation: { kind: 'identity', alpha: 0, beta: 0 },
  });
  const unit = kernels.get({
    name: 'gruUnit',
    body: gruUnit,
    inputs: ['Array', 'Array'],
    constants: {
      hidden,
      recurrent: kernels.pack(constantOf(context, 2), 'unit, gate, hidden', (data) => byUnit(data, hidden)),
      bias: biasOf(context, 4, gates),
    },
  });

  const x = inputs[0]!;
  const first = inputs[5];
  const projected = new Float32Array(batch * time * gates);
  const row = new Float32Array(batch * gates);
  const h = new Float32Array(batch * hidden);
  const next = new Float32Array(batch * hidden);
  const reverse = node.attributes.direction === 'reverse';
  const projectSize = [gates, 1, batch * time] as const;
  const unitSize = [hidden, batch, 1] as const;
  project.build(projectSize, x);
  unit.build(unitSize, row, h);
  return (state) => {
    project.run(projected, projectSize, x);
    if (first) h.set(first);
    else h.fill(0);
    if (state && places[0]) for (let b = 0; b < batch; b++) h.set(places[0].of(state, b), b * hidden);
    for (let step = 0; step < time; step++) {
      const t = reverse ? time - 1 - step : step;
      for (let b = 0; b < batch; b++)
        row.set(projected.subarray((b * time + t) * gates, (b * time + t + 1) * gates), b * gates);
      unit.run(next, unitSize, row, h);
      h.set(next);
      for (let b = 0; b < batch; b++) output.set(next.subarray(b * hidden, (b + 1) * hidden), (b * time + t) * hidden);
    }
    if (state && places[0])
      for (let b = 0; b < batch; b++) places[0].of(state, b).set(h.subarray(b * hidden, (b + 1) * hidden));
  };
};

/** [hidden, gate and unit] to [unit, gate, hidden]. */
function byUnit(data: ArrayLike<number>, hidden: number): Float32Array {
  const packed = new Float32Array(data.length);
  for (let unit = 0, at = 0; unit < hidden; unit++) {
    for (let gate = 0; gate < 3; gate++) {
      for (let i = 0; i < hidden; i++) packed[at++] = data[i * 3 * hidden + gate * hidden + unit];
    }
  }
  return packed;
}
