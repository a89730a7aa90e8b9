import type { Handler, Handlers } from './handler.ts';
import { reshapeValue } from './shape.ts';

/** Over one axis; before operator set 13 over all axes from `axis` on, flattened. */
const softmax =
  (log: 0 | 1): Handler =>
  (node, to) => {
    const x = node.tensor(0);
    const rank = x.shape.length;
    const axis = node.axis(node.int('axis', node.opset < 13 ? 1 : -1), rank);
    const flattens = node.opset < 13 && x.shape.slice(axis + 1).some((size) => size.constant !== 1);
    if (flattens) {
      const flat = reshapeValue(x, [...x.shape.slice(0, axis), x.shape.slice(axis).reduce((a, b) => a.times(b))], to);
      const result = to.emitOne('softmax', [{ name: flat.name, shape: flat.shape }], { log }, flat.shape);
      return [reshapeValue(to.tensorValue(result), x.shape, to)];
    }
    const order = x.order.at(-1) === axis ? x.order : [...x.order.filter((other) => other !== axis), axis];
    const operand = to.arrange(x, order);
    return [to.tensorValue(to.emitOne('softmax', [operand], { log }, operand.shape), order)];
  };

export const softmaxes: Handlers = {
  LogSoftmax: softmax(1),
  Softmax: softmax(0),
};
