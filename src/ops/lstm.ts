import { type FloatTensor, type Tensor, zeros } from '../graph/tensor.ts';
import { sigmoid } from './activation.ts';
import type { Op } from './op.ts';
import { recurrentGeometry } from './recurrent.ts';

/**
 * Long short-term memory over a sequence, as ONNX's LSTM without peepholes:
 *   i, o, f = sigmoid(x W + h R + b) for each gate      W [features, 4 hidden], R [hidden, 4 hidden], b [4 hidden]:
 *   g = tanh(x W_g + h R_g + b_g)                       columns i, o, f, g
 *   c' = f c + i g
 *   h' = o tanh(c')
 * Inputs x [batch, time, features], W, R, b and, if not zero, the first h and c [batch, hidden]; outputs h
 * [batch, time, hidden] and, where it is named, the last c [batch, hidden]. Attribute `direction`: forward or reverse
 * (a reverse one needs all of time, so it can't be streamed).
 */
export const lstm: Op = {
  name: 'lstm',
  infer(node, shapes) {
    const { batch, time, hidden } = recurrentGeometry(node, shapes, 4, 1);
    const outputs = [
      [batch, time, hidden],
      [batch, hidden],
    ];
    return outputs.slice(0, node.outputs.length);
  },
  state(node, shapes) {
    // A last cell is only last where nothing comes after it.
    const whole =
      shapes[4]?.length || shapes[5]?.length || node.outputs.length > 1 || node.attributes.direction === 'reverse';
    return whole ? undefined : [[shapes[2][0]], [shapes[2][0]]];
  },
  compute(node, inputs, state) {
    const [x, w, r, bias, firstH, firstC] = inputs as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor | undefined,
      Tensor | undefined,
    ];
    const [batch, time, features] = x.shape as [number, number, number];
    const hidden = r.shape[0];
    const h: FloatTensor = state[0] ?? zeros([batch, hidden]);
    const c: FloatTensor = state[1] ?? zeros([batch, hidden]);
    if (firstH?.data.length) h.data.set(firstH.data);
    if (firstC?.data.length) c.data.set(firstC.data);
    const y = zeros([batch, time, hidden]);
    const reverse = node.attributes.direction === 'reverse';
    for (let b = 0; b < batch; b++) {
      for (let step = 0; step < time; step++) {
        const t = reverse ? time - 1 - step : step;
        const next = new Float32Array(hidden);
        for (let unit = 0; unit < hidden; unit++) {
          const project = (gate: number): number => {
            const column = gate * hidden + unit;
            let sum = bias.data[column];
            for (let i = 0; i < features; i++)
              sum += x.data[(b * time + t) * features + i] * w.data[i * 4 * hidden + column];
            for (let i = 0; i < hidden; i++) sum += h.data[b * hidden + i] * r.data[i * 4 * hidden + column];
            return sum;
          };
          const at = b * hidden + unit;
          c.data[at] = sigmoid(project(2)) * c.data[at] + sigmoid(project(0)) * Math.tanh(project(3));
          next[unit] = sigmoid(project(1)) * Math.tanh(c.data[at]);
        }
        h.data.set(next, b * hidden);
        y.data.set(next, (b * time + t) * hidden);
      }
    }
    return [y, { shape: [batch, hidden], data: Float32Array.from(c.data) }].slice(0, node.outputs.length);
  },
  multiplyAdds: (_, [x, w, r]) => x[0] * x[1] * 4 * r[0] * (w[0] + r[0]),
};
