import { ShapeError } from '../errors.ts';
import { sizeOf, zeros } from '../graph/tensor.ts';
import type { Op } from './op.ts';
import { applyActivation, fusedActivation } from './unary.ts';

/**
 * y = activation(x W + b): x [..., features], W [features, units], b [units] (may be left out), y [..., units].
 */
export const dense: Op = {
  name: 'dense',
  infer(node, shapes) {
    const [x, w, b] = shapes as [number[], number[], number[] | undefined];
    fusedActivation(node);
    if (w.length !== 2 || x.at(-1) !== w[0])
      throw new ShapeError(node, shapes, 'the last axis of x must equal the rows of W');
    if (b?.length && (b.length !== 1 || b[0] !== w[1]))
      throw new ShapeError(node, shapes, 'the bias must have one element a column of W');
    return [[...x.slice(0, -1), w[1]]];
  },
  state: () => [],
  compute(node, [x, w, b]) {
    const [features, units] = w.shape as [number, number];
    const rows = sizeOf(x.shape) / features;
    const y = zeros([...x.shape.slice(0, -1), units]);
    for (let row = 0; row < rows; row++) {
      for (let unit = 0; unit < units; unit++) {
        let sum = b?.data[unit] ?? 0;
        for (let i = 0; i < features; i++) sum += x.data[row * features + i] * w.data[i * units + unit];
        y.data[row * units + unit] = sum;
      }
    }
    applyActivation(y.data, fusedActivation(node));
    return [y];
  },
  multiplyAdds: (_, [x, w]) => sizeOf(x) * w[1],
};
