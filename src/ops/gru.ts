import { type FloatTensor, type Tensor, zeros } from '../graph/tensor.ts';
import { sigmoid } from './activation.ts';
import type { Op } from './op.ts';
import { recurrentGeometry } from './recurrent.ts';

/**
 * Gated recurrent unit over a sequence; ONNX's GRU with linear_before_reset = 1 (as torch and cuDNN have it):
 *   z = sigmoid(x W_z + h R_z + b_z)          W [features, 3 hidden], R [hidden, 3 hidden]: columns z, r, n
 *   r = sigmoid(x W_r + h R_r + b_r)          bW and bR [3 hidden]; b_z = bW_z + bR_z, b_r = bW_r + bR_r
 *   n = tanh(x W_n + bW_n + r (h R_n + bR_n))
 *   h' = (1 - z) n + z h
 * Inputs x [batch, time, features], W, R, bW, bR and, if not zero, the first h [batch, hidden]; output
 * [batch, time, hidden]. Attribute `direction`: forward or reverse (a reverse one needs all of time, so it
 * can't be streamed).
 */
export const gru: Op = {
  name: 'gru',
  infer(node, shapes) {
    const { batch, time, hidden } = recurrentGeometry(node, shapes, 3, 2);
    return [[batch, time, hidden]];
  },
  state(node, shapes) {
    const whole = shapes[5]?.length || node.attributes.direction === 'reverse';
    return whole ? undefined : [[shapes[2][0]]];
  },
  compute(node, inputs, state) {
    const [x, w, r, bw, br, first] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor | undefined];
    const [batch, time, features] = x.shape as [number, number, number];
    const hidden = r.shape[0];
    const h: FloatTensor = state[0] ?? zeros([batch, hidden]);
    if (first?.data.length) h.data.set(first.data);
    const y = zeros([batch, time, hidden]);
    const reverse = node.attributes.direction === 'reverse';
    for (let b = 0; b < batch; b++) {
      for (let step = 0; step < time; step++) {
        const t = reverse ? time - 1 - step : step;
        const next = new Float32Array(hidden);
        for (let unit = 0; unit < hidden; unit++) {
          // Projections of x and of h onto one gate's column.
          const project = (gate: number): [number, number] => {
            const column = gate * hidden + unit;
            let [fromX, fromH] = [bw.data[column], br.data[column]];
            for (let i = 0; i < features; i++)
              fromX += x.data[(b * time + t) * features + i] * w.data[i * 3 * hidden + column];
            for (let i = 0; i < hidden; i++) fromH += h.data[b * hidden + i] * r.data[i * 3 * hidden + column];
            return [fromX, fromH];
          };
          const [zx, zh] = project(0);
          const [rx, rh] = project(1);
          const [nx, nh] = project(2);
          const z = sigmoid(zx + zh);
          const n = Math.tanh(nx + sigmoid(rx + rh) * nh);
          next[unit] = (1 - z) * n + z * h.data[b * hidden + unit];
        }
        h.data.set(next, b * hidden);
        y.data.set(next, (b * time + t) * hidden);
      }
    }
    return [y];
  },
  multiplyAdds: (_, [x, w, r]) => x[0] * x[1] * 3 * r[0] * (w[0] + r[0]),
};
