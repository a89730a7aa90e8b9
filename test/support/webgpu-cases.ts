/** Cases so large that WebGPU takes kernels for them which the table of ops never reaches. */
import { type OpCase, opCase } from '../ops/op-case.ts';

export const tilesCases: readonly OpCase[] = [
  opCase('dense', 'tiles, 3 columns of 8', [[2, 1100, 24]], {
    constants: [[24, 96], [96]],
    attributes: { activation: 'tanh' },
  }),
  opCase('dense', 'tiles, ragged at every edge', [[1, 3300, 20]], { constants: [[20, 68], [68]] }),
  opCase('conv', 'tiles, 12 columns, stride, history', [[2, 3200, 12]], {
    constants: [[5, 12, 48], [48]],
    attributes: { strides: [2], pads: [3, 0], activation: 'relu' },
  }),
  opCase('conv', 'tiles, two axes', [[2, 74, 42, 8]], {
    constants: [[3, 3, 8, 32], [32]],
    attributes: { pads: [2, 0, 1, 1], activation: 'relu' },
  }),
];

/** Many rows of a convolution with one channel in. */
export const frontCase: OpCase = opCase('conv', 'sixteen channels an invocation', [[3, 260, 128, 1]], {
  constants: [[2, 3, 1, 16], [16]],
  attributes: { strides: [2, 1], pads: [0, 0, 1, 1], activation: 'relu' },
});
