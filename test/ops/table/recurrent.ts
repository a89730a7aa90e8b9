/** GRU and LSTM. */

import type { Attributes } from '../../../src/graph/graph.ts';
import type { Shape } from '../../../src/graph/tensor.ts';
import * as naive from '../naive/recurrent.ts';
import { type OpCase, type OpRows, opCase, x } from '../op-case.ts';

export const gru: OpRows = {
  formula: naive.gru,
  choices: { direction: 'forward' },
  carries: [
    ['forward', [x, [6, 15], [5, 15], [15], [15]], {}, [[5]]],
    ['reverse', [x, [6, 15], [5, 15], [15], [15]], { direction: 'reverse' }, 'whole'],
    ['from a first state', [x, [6, 15], [5, 15], [15], [15], [2, 5]], {}, 'whole'],
  ],
  cases: [
    ...[1, 3, 8, 17, 64, 96, 128].map((hidden) =>
      gruCase(`hidden ${hidden}`, hidden === 17 ? 7 : 2, 5, hidden + 3, hidden),
    ),
    gruCase('time 1, batch 1', 1, 1, 6, 8),
    gruCase('wider than on-chip memory', 1, 3, 40, 256),
    gruCase('reverse', 2, 6, 5, 8, { direction: 'reverse' }),
    gruCase('a first state', 2, 6, 5, 8, {}, true),
  ],
};

function gruCase(
  title: string,
  batch: number,
  time: number,
  features: number,
  hidden: number,
  attributes: Attributes = {},
  first = false,
): OpCase {
  const constants: Shape[] = [
    [features, 3 * hidden],
    [hidden, 3 * hidden],
    [3 * hidden],
    [3 * hidden],
    ...(first ? [[batch, hidden]] : []),
  ];
  return opCase('gru', title, [[batch, time, features]], { constants, attributes });
}

export const lstm: OpRows = {
  formula: naive.lstm,
  choices: { direction: 'forward' },
  carries: [
    ['forward', [x, [6, 20], [5, 20], [20]], {}, [[5], [5]]],
    ['reverse', [x, [6, 20], [5, 20], [20]], { direction: 'reverse' }, 'whole'],
    ['from a first state', [x, [6, 20], [5, 20], [20], [2, 5]], {}, 'whole'],
    ['from a first cell', [x, [6, 20], [5, 20], [20], [], [2, 5]], {}, 'whole'],
    ['with its last cell', [x, [6, 20], [5, 20], [20]], {}, 'whole', 2],
  ],
  cases: [
    lstmCase('hidden 8', 2, 8, 5, 8),
    lstmCase('hidden 17, batch 7', 7, 5, 9, 17),
    lstmCase('hidden 64, time 1, batch 1', 1, 1, 40, 64),
    lstmCase('hidden 128', 2, 4, 64, 128),
    lstmCase('reverse', 2, 6, 5, 8, { direction: 'reverse' }),
    lstmCase('first states, the last cell too', 3, 6, 5, 8, {}, true),
  ],
};

function lstmCase(
  title: string,
  batch: number,
  time: number,
  features: number,
  hidden: number,
  attributes: Attributes = {},
  first = false,
): OpCase {
  const constants: Shape[] = [
    [features, 4 * hidden],
    [hidden, 4 * hidden],
    [4 * hidden],
    ...(first
      ? [
          [batch, hidden],
          [batch, hidden],
        ]
      : []),
  ];
  return opCase('lstm', title, [[batch, time, features]], { constants, attributes, outputs: first ? 2 : 1 });
}
