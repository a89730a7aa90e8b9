/** Products, and what goes over whole axes. */

import { activated } from './elementwise.ts';
import { along, broadcast, type Formula, flat, mean, positive, tabulate, type Values } from './values.ts';

export const dense: Formula = (x, all) => {
  const [, w, bias] = all.inputs;
  const [features, units] = w!.shape;
  const y = tabulate([...x.shape.slice(0, -1), units], (...index) => {
    const unit = index.at(-1)!;
    let sum = 0;
    for (let i = 0; i < features; i++) sum += x.at(...index.slice(0, -1), i) * w!.at(i, unit);
    return sum + (bias?.at(unit) ?? 0);
  });
  return activated(y, all);
};

export const matmul: Formula = (a, { inputs }) => {
  const b = inputs[1]!;
  const shape = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return tabulate([...shape, a.shape.at(-2)!, b.shape.at(-1)!], (...index) => {
    const front = index.slice(0, -2);
    const [row, column] = index.slice(-2);
    let sum = 0;
    for (let i = 0; i < a.shape.at(-1)!; i++)
      sum += repeatedFront(a, front, row, i) * repeatedFront(b, front, i, column);
    return sum;
  });
};

const repeatedFront = (operand: Values, front: readonly number[], row: number, column: number): number => {
  const own = operand.shape.length - 2;
  const index = front.slice(front.length - own).map((i, axis) => (operand.shape[axis] === 1 ? 0 : i));
  return operand.at(...index, row, column);
};

export const normalise: Formula = (x, { inputs, list, number }) => {
  const axes = list('axes')!.map((axis) => positive(axis, x.shape.length));
  return tabulate(x.shape, (...index) => {
    const values = along(x, axes, index);
    // The mean of squares less the square of the mean.
    const variance = mean(values.map((value) => value * value)) - mean(values) ** 2;
    const unit = (x.at(...index) - mean(values)) / Math.sqrt(variance + (number('epsilon') ?? 1e-5));
    return unit * (inputs[1]?.at(index.at(-1)!) ?? 1) + (inputs[2]?.at(index.at(-1)!) ?? 0);
  });
};

export const reduce: Formula = (x, { list, number, text }) => {
  const axes = list('axes')!.map((axis) => positive(axis, x.shape.length));
  const kept = tabulate(
    x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)),
    (...index) => {
      const sorted = along(x, axes, index).sort((a, b) => a - b);
      const sum = mean(sorted) * sorted.length;
      return { mean: mean(sorted), sum, min: sorted[0], max: sorted.at(-1)! }[text('kind') as 'mean'];
    },
  );
  if (number('keepAxes') !== 0) return kept;
  return flat(
    kept,
    x.shape.filter((_, axis) => !axes.includes(axis)),
  );
};

export const softmax: Formula = (x, { number }) =>
  tabulate(x.shape, (...index) => {
    const row = along(x, [x.shape.length - 1], index);
    const own = x.at(...index);
    // 1 / sum of e^(other - own), each of which may be infinite.
    const share = 1 / row.reduce((sum, other) => sum + Math.exp(other - own), 0);
    if (!number('log')) return share;
    const top = Math.max(...row);
    return own - top - Math.log(row.reduce((sum, other) => sum + Math.exp(other - top), 0));
  });
