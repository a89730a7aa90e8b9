import { ShapeError } from '../errors.ts';
import { type FloatTensor, type Shape, type Tensor, zeros } from '../graph/tensor.ts';
import { sigmoid } from './activation.ts';
import { choiceAttribute, type Op } from './op.ts';

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
    choiceAttribute(node, 'direction', ['forward', 'reverse'], 'forward');
    const [x, w, r, bw, br, h] = shapes as Shape[];
    const hidden = r![0]!;
    if (x!.length !== 3 || w!.length !== 2 || x![2] !== w![0]) throw new ShapeError(node, shapes, 'x must be [batch, time, features] with as many features as W has rows');
    if (r!.length !== 2 || r![1] !== 3 * hidden || w![1] !== 3 * hidden) throw new ShapeError(node, shapes, 'R must be [hidden, 3 hidden] and W [features, 3 hidden]');
    for (const bias of [bw!, br!]) if (bias.length !== 1 || bias[0] !== 3 * hidden) throw new ShapeError(node, shapes, `both biases must have 3 x ${hidden} elements`);
    if (h?.length && (h.length !== 2 || h[0] !== x![0] || h[1] !== hidden)) throw new ShapeError(node, shapes, `the first state must be [${x![0]}, ${hidden}]`);
    return [[x![0]!, x![1]!, hidden]];
  },
  state(node, shapes) {
    if (shapes[5]?.length || choiceAttribute(node, 'direction', ['forward', 'reverse'], 'forward') === 'reverse') return undefined;
    return [[shapes[2]![0]!]];
  },
  compute(node, inputs, state) {
    const [x, w, r, bw, br, first] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor | undefined];
    const [batch, time, features] = x.shape as [number, number, number];
    const hidden = r.shape[0]!;
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
            let [fromX, fromH] = [bw.data[column]!, br.data[column]!];
            for (let i = 0; i < features; i++) fromX += x.data[(b * time + t) * features + i]! * w.data[i * 3 * hidden + column]!;
            for (let i = 0; i < hidden; i++) fromH += h.data[b * hidden + i]! * r.data[i * 3 * hidden + column]!;
            return [fromX, fromH];
          };
          const [zx, zh] = project(0);
          const [rx, rh] = project(1);
          const [nx, nh] = project(2);
          const z = sigmoid(zx + zh);
          const n = Math.tanh(nx + sigmoid(rx + rh) * nh);
          next[unit] = (1 - z) * n + z * h.data[b * hidden + unit]!;
        }
        h.data.set(next, b * hidden);
        y.data.set(next, (b * time + t) * hidden);
      }
    }
    return [y];
  },
  multiplyAdds: (_, [x, w, r]) => x![0]! * x![1]! * 3 * r![0]! * (w![0]! + r![0]!),
};
