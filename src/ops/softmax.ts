import { ShapeError } from '../errors.ts';
import { sizeOf, zeros } from '../graph/tensor.ts';
import { numberAttribute, type Op } from './op.ts';

/** exp(x) / sum(exp(x)) over the last axis, or its logarithm where attribute `log` is 1. */
export const softmax: Op = {
  name: 'softmax',
  infer(node, [x]) {
    numberAttribute(node, 'log', 0);
    if (x.length === 0) throw new ShapeError(node, [x], 'x must have at least one axis');
    return [x];
  },
  // Of [batch, time] the last axis is time.
  state: (_, [x]) => (x.length >= 3 ? [] : undefined),
  compute(node, [x]) {
    const classes = x.shape.at(-1)!;
    const y = zeros(x.shape);
    for (let row = 0; row < y.data.length; row += classes) {
      const logits = Array.from(x.data.subarray(row, row + classes));
      const largest = Math.max(...logits);
      const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
      logits.forEach((logit, i) => {
        y.data[row + i] = node.attributes.log ? logit - largest - Math.log(sum) : Math.exp(logit - largest) / sum;
      });
    }
    return [y];
  },
  multiplyAdds: (_, [x]) => 3 * sizeOf(x),
};
