/** Products, and what goes over whole axes. */
import * as naive from '../naive/sums.ts';
import { type OpRows, opCase, thenActivations, x, x4 } from '../op-case.ts';

export const dense: OpRows = {
  formula: naive.dense,
  choices: { activation: undefined },
  carries: [['any', [x, [6, 4]], {}, []]],
  cases: [
    opCase('dense', 'one row', [[1, 1, 5]], { constants: [[5, 3], [3]] }),
    opCase('dense', 'batch 7, odd sizes, relu', [[7, 3, 33]], {
      constants: [[33, 65], [65]],
      attributes: { activation: 'relu' },
    }),
    // Where tiles of 8, 16 and 24 columns end in the middle, for one to three rows.
    ...[1, 2, 3].flatMap((rows) =>
      [15, 21, 23, 47].map((columns) =>
        opCase('dense', `${rows} rows, ${columns} columns`, [[1, rows, 9]], { constants: [[9, columns], [columns]] }),
      ),
    ),
    opCase('dense', 'rank 2, no bias', [[5, 12]], { constants: [[12, 4], null] }),
    opCase('dense', 'rank 4', [[2, 3, 4, 6]], { constants: [[6, 10], [10]], attributes: { activation: 'tanh' } }),
    ...thenActivations((activation, attributes) =>
      opCase('dense', `then ${activation}`, [[2, 5, 6]], { constants: [[6, 9], [9]], attributes, scale: 3 }),
    ),
  ],
};

export const matmul: OpRows = {
  formula: naive.matmul,
  carries: [
    ['a matrix', [x, [6, 4]], {}, []],
    ['a matrix for each step', [x4, [2, 8, 6, 3]], {}, []],
    ['one matrix for all steps', [x4, [6, 3]], {}, []],
    ['time among the columns', [x, [2, 6, 8]], {}, 'whole'],
    ['another number of axes', [x4, [8, 6, 3]], {}, 'whole'],
  ],
  cases: [
    opCase('matmul', 'two inputs, batch 7', [
      [7, 3, 5],
      [7, 5, 9],
    ]),
    opCase('matmul', 'attention, time kept apart', [
      [2, 4, 3, 5],
      [2, 4, 5, 3],
    ]),
    opCase('matmul', 'one matrix for all', [
      [2, 4, 33, 17],
      [17, 31],
    ]),
    opCase('matmul', 'both sides repeated', [
      [3, 1, 4, 5],
      [1, 2, 5, 6],
    ]),
    opCase('matmul', 'a constant', [[2, 8, 3]], { constants: [[3, 4]] }),
  ],
};

export const normalise: OpRows = {
  formula: naive.normalise,
  carries: [
    ['channels', [x], { axes: [-1] }, []],
    ['frequency and channels', [x4], { axes: [3, 2] }, []],
    ['time', [x], { axes: [1] }, 'whole'],
    ['time and frequency', [x4], { axes: [2, 1] }, 'whole'],
  ],
  cases: [
    opCase('normalise', 'layer', [[3, 8, 37]], { constants: [[37], [37]], attributes: { axes: [-1] } }),
    opCase('normalise', 'layer, nothing but the unit', [[1, 1, 6]], { attributes: { axes: [-1], epsilon: 0.01 } }),
    opCase('normalise', 'layer over frequency and channels', [[2, 4, 5, 6]], { attributes: { axes: [2, 3] } }),
    opCase('normalise', 'instance over time', [[3, 9, 5]], { constants: [[5], [5]], attributes: { axes: [1] } }),
    opCase('normalise', 'instance over time and frequency, no bias', [[2, 5, 6, 7]], {
      constants: [[7], null],
      attributes: { axes: [1, 2] },
    }),
  ],
};

const reduceCases = (['mean', 'sum', 'max', 'min'] as const).flatMap((kind) => [
  opCase('reduce', `${kind} over frequency`, [[2, 5, 7, 6]], { attributes: { kind, axes: [2], keepAxes: 0 } }),
  opCase('reduce', `${kind} over many`, [[2, 3, 301]], { attributes: { kind, axes: [2] } }),
  opCase('reduce', `${kind} over time`, [[2, 9, 5]], { attributes: { kind, axes: [1] } }),
  // What a computation begins with must be neither the largest nor the smallest.
  opCase('reduce', `${kind} of numbers above 0`, [[2, 3, 6]], { attributes: { kind, axes: [2] }, positive: true }),
  opCase('reduce', `${kind} of numbers below 0`, [[2, 3, 70]], { attributes: { kind, axes: [2] }, negative: true }),
  opCase('reduce', `${kind} of many above 0`, [[2, 3, 70]], { attributes: { kind, axes: [2] }, positive: true }),
  opCase('reduce', `${kind} of few below 0`, [[2, 3, 6]], { attributes: { kind, axes: [2] }, negative: true }),
]);

export const reduce: OpRows = {
  formula: naive.reduce,
  choices: { kind: undefined },
  carries: [
    ['channels', [x], { kind: 'mean', axes: [-1] }, []],
    ['time', [x], { kind: 'mean', axes: [1] }, 'whole'],
    ['batch', [x], { kind: 'mean', axes: [0] }, 'whole'],
    ['time behind frequency', [x4], { kind: 'max', axes: [2, 1] }, 'whole'],
  ],
  cases: [
    ...reduceCases,
    opCase('reduce', 'to a number without axes', [[2, 3, 5]], {
      attributes: { kind: 'sum', axes: [0, 1, 2], keepAxes: 0 },
    }),
    opCase('reduce', 'mean over the last axis, kept', [[2, 5, 7]], { attributes: { kind: 'mean', axes: [-1] } }),
    opCase('reduce', 'mean over time and frequency', [[3, 5, 7, 6]], {
      attributes: { kind: 'mean', axes: [1, 2], keepAxes: 0 },
    }),
  ],
};

export const softmax: OpRows = {
  formula: naive.softmax,
  carries: [
    ['channels', [x], {}, []],
    ['time, where nothing is behind it', [[2, 8]], {}, 'whole'],
  ],
  cases: [
    opCase('softmax', 'three classes', [[7, 5, 3]], { scale: 4 }),
    opCase('softmax', 'one class, time 1', [[1, 1, 1]]),
    opCase('softmax', 'large logits', [[2, 3, 5]], { scale: 200 }),
    opCase('softmax', 'logarithm of few', [[2, 3, 5]], { attributes: { log: 1 }, scale: 4 }),
    opCase('softmax', 'many', [[2, 3, 70]], { scale: 4 }),
    opCase('softmax', 'large logits, all below 0', [[2, 3, 70]], { scale: 300, negative: true }),
    opCase('softmax', 'logarithm', [[2, 3, 70]], { attributes: { log: 1 }, scale: 4 }),
  ],
};
