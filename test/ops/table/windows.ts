/** Ops that slide a window along time and frequency. */

import type { Attributes } from '../../../src/graph/graph.ts';
import type { Shape } from '../../../src/graph/tensor.ts';
import * as naive from '../naive/windows.ts';
import { type OpCase, type OpRows, opCase, thenActivations, w, x, x4 } from '../op-case.ts';

const conv1 = (title: string, x: Shape, w: Shape, attributes: Attributes = {}, bias = true): OpCase =>
  opCase('conv', title, [x], { attributes, constants: [w, bias ? [w.at(-1)!] : null] });

export const conv: OpRows = {
  formula: naive.conv,
  choices: { activation: undefined },
  carries: [
    ['one tap', [x, [1, 6, 4]], {}, []],
    ['causal', [x, w], { pads: [2, 0] }, [[2, 6]]],
    ['causal, dilated', [x, w], { pads: [6, 0], dilations: [3] }, [[6, 6]]],
    ['causal, by twos', [x, w], { pads: [1, 0], strides: [2] }, [[1, 6]]],
    ['causal, two axes', [x4, [3, 3, 6, 4]], { pads: [2, 0, 1, 1] }, [[2, 5, 6]]],
    ['one that looks ahead', [x, w], { pads: [1, 1] }, 'whole'],
    ['causal, and padded behind', [x, w], { pads: [2, 1] }, 'whole'],
    ['padded more than it reaches back', [x, w], { pads: [3, 0] }, 'whole'],
    ['not padded', [x, w], {}, 'whole'],
    ['a stride that leaves a rest', [[2, 9, 6], w], { pads: [1, 0], strides: [2] }, 'whole'],
    ['a stride beyond the kernel', [x, [1, 6, 4]], { strides: [2] }, 'whole'],
  ],
  cases: [
    conv1('time 1, kernel 1', [1, 1, 3], [1, 3, 5]),
    conv1('kernel 3, causal', [1, 12, 8], [3, 8, 16], { pads: [2, 0] }),
    conv1('kernel 5, causal, batch 7, odd channels', [7, 9, 5], [5, 5, 3], { pads: [4, 0], activation: 'relu' }),
    conv1('stride 2, causal', [2, 16, 6], [4, 6, 10], { strides: [2], pads: [2, 0], activation: 'tanh' }),
    conv1('stride 4, kernel 4', [3, 16, 7], [4, 7, 9], { strides: [4] }),
    conv1('dilation 3, causal', [2, 20, 4], [3, 4, 6], { dilations: [3], pads: [6, 0], activation: 'sigmoid' }),
    conv1('padded on both sides', [2, 11, 4], [5, 4, 6], { pads: [2, 2] }),
    conv1('uneven stride and padding', [2, 13, 4], [3, 4, 6], { strides: [2], pads: [1, 1] }, false),
    conv1('depthwise, causal', [3, 10, 12], [5, 1, 12], { groups: 12, pads: [4, 0], activation: 'hardSwish' }),
    conv1('depthwise with multiplier', [2, 10, 6], [3, 1, 12], { groups: 6, pads: [2, 0] }),
    conv1('three groups', [2, 8, 6], [3, 2, 9], { groups: 3, pads: [2, 0], activation: 'leakyRelu' }),
    conv1('long enough for tiles', [2, 70, 33], [3, 33, 67], { pads: [2, 0] }),
    residualCase('before activation', 6, { pads: [2, 0] }, [3, 6, 4]),
    residualCase('before activation, channels in fours', 8, { pads: [2, 0] }, [3, 8, 4]),
    residualCase('before activation, depthwise', 8, { groups: 8, pads: [2, 0] }, [3, 1, 8]),
    conv1('2-D, one channel in', [2, 8, 16, 1], [3, 3, 1, 8], { pads: [2, 0, 1, 1], activation: 'relu' }),
    conv1('2-D, frequency stride 2', [2, 8, 16, 4], [3, 3, 4, 6], { strides: [1, 2], pads: [2, 0, 1, 1] }),
    conv1('2-D, both strides', [1, 12, 17, 3], [4, 5, 3, 5], { strides: [2, 2], pads: [2, 0, 2, 2] }),
    conv1('2-D, depthwise', [2, 6, 9, 8], [3, 3, 1, 8], { groups: 8, pads: [2, 0, 1, 1], activation: 'relu' }),
    conv1('2-D, dilated, not causal', [1, 11, 9, 2], [3, 3, 2, 4], { dilations: [2, 1], pads: [2, 2, 0, 0] }),
    ...thenActivations((activation, attributes) =>
      conv1(`then ${activation}`, [2, 5, 6], [3, 6, 7], { ...attributes, pads: [2, 0] }),
    ),
  ],
};

/** Inputs x, w, bias, residual: the one op whose constants stand between its inputs. */
function residualCase(title: string, channels: number, attributes: Attributes, w: Shape): OpCase {
  const out = w.at(-1)!;
  const shapes = [
    [2, 9, channels],
    [2, 9, out],
  ];
  const base = opCase('conv', `residual ${title}`, shapes, {
    attributes: { ...attributes, activation: 'relu' },
    constants: [w, [out]],
  });
  const node = { ...base.graph.nodes[0], inputs: ['x0', 'c0', 'c1', 'x1'] };
  return { ...base, graph: { ...base.graph, nodes: [node] } };
}

export const convTranspose: OpRows = {
  formula: naive.convTranspose,
  choices: { activation: undefined },
  carries: [
    ['windows side by side', [x, [2, 6, 4]], { strides: [2] }, []],
    ['overlapping', [x, w], { strides: [2] }, 'whole'],
    ['cut', [x, [2, 6, 4]], { strides: [2], pads: [1, 0] }, 'whole'],
    ['cut behind', [x, [2, 6, 4]], { strides: [2], pads: [0, 1] }, 'whole'],
    ['longer than its windows', [x, [2, 6, 4]], { strides: [2], outputPadding: [1] }, 'whole'],
    ['dilated', [x, [2, 6, 4]], { strides: [2], dilations: [2] }, 'whole'],
  ],
  cases: [
    opCase('convTranspose', 'stride 2, kernel 2', [[2, 8, 5]], {
      constants: [[2, 5, 7], [7]],
      attributes: { strides: [2], activation: 'relu' },
    }),
    opCase('convTranspose', 'overlapping, cut on both sides', [[3, 7, 4]], {
      constants: [[5, 4, 6], null],
      attributes: { strides: [2], pads: [2, 1], outputPadding: [1] },
    }),
    opCase('convTranspose', 'groups, dilated', [[1, 6, 6]], {
      constants: [[3, 6, 2], [6]],
      attributes: { dilations: [2], groups: 3 },
    }),
    opCase('convTranspose', '2-D', [[2, 3, 5, 4]], {
      constants: [[3, 4, 4, 3], [3]],
      attributes: { strides: [1, 2], pads: [1, 1, 1, 1] },
    }),
    ...thenActivations((activation, attributes) =>
      opCase('convTranspose', `then ${activation}`, [[2, 4, 6]], {
        constants: [[2, 6, 5], [5]],
        attributes: { ...attributes, strides: [2] },
        scale: 3,
      }),
    ),
  ],
};

export const pool: OpRows = {
  formula: naive.pool,
  choices: { kind: undefined },
  carries: [
    ['windows side by side', [x], { kind: 'max', kernel: [4] }, []],
    [
      'a causal average that counts its padding',
      [x],
      { kind: 'average', kernel: [3], strides: [1], pads: [2, 0], countPadding: 1 },
      [[2, 6]],
    ],
    ['a causal average that does not', [x], { kind: 'average', kernel: [3], strides: [1], pads: [2, 0] }, 'whole'],
    ['a causal largest value', [x], { kind: 'max', kernel: [3], strides: [1], pads: [2, 0], countPadding: 1 }, 'whole'],
    ['windows that leave a rest', [[2, 9, 6]], { kind: 'max', kernel: [4] }, 'whole'],
    [
      'padded on both sides',
      [x],
      { kind: 'average', kernel: [3], strides: [1], pads: [1, 1], countPadding: 1 },
      'whole',
    ],
  ],
  cases: [
    opCase('pool', 'average 2', [[2, 8, 5]], { attributes: { kind: 'average', kernel: [2] } }),
    opCase('pool', 'max 4, batch 7', [[7, 8, 3]], { attributes: { kind: 'max', kernel: [4] } }),
    opCase('pool', 'average, causal, padding counted', [[2, 9, 4]], {
      attributes: { kind: 'average', kernel: [5], strides: [1], pads: [4, 0], countPadding: 1 },
    }),
    opCase('pool', 'average, padding not counted', [[2, 9, 4]], {
      attributes: { kind: 'average', kernel: [3], strides: [2], pads: [1, 1] },
    }),
    opCase('pool', '2-D max over frequency', [[2, 4, 10, 6]], { attributes: { kind: 'max', kernel: [1, 2] } }),
    opCase('pool', '2-D average, padded', [[1, 7, 9, 3]], {
      attributes: { kind: 'average', kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
    }),
    opCase('pool', 'max, padded on both sides', [[2, 9, 4]], {
      attributes: { kind: 'max', kernel: [3], strides: [2], pads: [1, 1] },
    }),
    opCase('pool', '2-D max, padded', [[1, 7, 9, 3]], {
      attributes: { kind: 'max', kernel: [3, 2], strides: [2, 3], pads: [1, 1, 0, 1] },
    }),
    opCase('pool', '2-D average, causal, padding counted', [[2, 6, 5, 3]], {
      attributes: { kind: 'average', kernel: [4, 3], strides: [2, 1], pads: [2, 0, 1, 1], countPadding: 1 },
    }),
  ],
};
