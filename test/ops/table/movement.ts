/** Ops that only move data. */
import * as naive from '../naive/movement.ts';
import { type OpRows, opCase, x, x4 } from '../op-case.ts';

export const concat: OpRows = {
  formula: naive.concat,
  carries: [
    ['channels', [x, x], { axis: 2 }, []],
    ['time', [x, x], { axis: 1 }, 'whole'],
    ['time, from the end', [x, x], { axis: -2 }, 'whole'],
    ['batch', [x, x], { axis: 0 }, 'whole'],
  ],
  cases: [
    opCase(
      'concat',
      'channels of three',
      [
        [2, 8, 3],
        [2, 8, 1],
        [2, 8, 4],
      ],
      { attributes: { axis: 2 } },
    ),
    opCase('concat', 'along time, a constant too', [[2, 3, 5]], { constants: [[2, 4, 5]], attributes: { axis: 1 } }),
  ],
};

export const crop: OpRows = {
  formula: naive.fitted((i) => i),
  carries: [
    ['frequency', [x4, [2, 8, 3]], { axes: [2], from: [2] }, []],
    ['time', [[1, 20, 6], x], { axes: [1], from: [1] }, 'whole'],
    ['frequency to the length of time', [x4, [2, 4, 3]], { axes: [2], from: [1] }, 'whole'],
  ],
  cases: [
    opCase(
      'crop',
      'a table to the length of time',
      [
        [1, 20, 5],
        [3, 8, 2],
      ],
      { attributes: { axes: [1], from: [1] } },
    ),
    opCase(
      'crop',
      'frequency to the channels of another',
      [
        [2, 8, 6, 4],
        [2, 8, 3],
      ],
      { attributes: { axes: [2], from: [2] } },
    ),
  ],
};

export const expand: OpRows = {
  formula: naive.fitted(() => 0),
  carries: [
    [
      'frequency',
      [
        [2, 8, 1, 6],
        [2, 8, 3],
      ],
      { axes: [2], from: [2] },
      [],
    ],
    ['time as that of another', [[1, 1, 6], x], { axes: [0, 1], from: [0, 1] }, []],
    ['frequency to the length of time', [[2, 8, 1, 6], x], { axes: [2], from: [1] }, 'whole'],
    ['time to the channels of another', [[2, 1, 6], x], { axes: [1], from: [2] }, 'whole'],
  ],
  cases: [
    opCase(
      'expand',
      'batch and time of another',
      [
        [1, 1, 5],
        [3, 8, 2],
      ],
      { attributes: { axes: [0, 1], from: [0, 1] } },
    ),
    opCase(
      'expand',
      'frequency from channels',
      [
        [2, 8, 1, 4],
        [2, 8, 3],
      ],
      { attributes: { axes: [2], from: [-1] } },
    ),
  ],
};

export const gather: OpRows = {
  formula: naive.gather,
  carries: [
    ['channels', [x], { axis: -1, indices: [0, 3] }, []],
    ['time', [x], { axis: 1, indices: [0, 3] }, 'whole'],
  ],
  cases: [opCase('gather', 'channels, one twice', [[2, 8, 5]], { attributes: { axis: -1, indices: [4, 0, 0, -2] } })],
};

export const pad: OpRows = {
  formula: naive.pad,
  choices: { mode: 'constant' },
  carries: [
    ['channels', [x], { pads: [0, 0, 0, 0, 1, 1] }, []],
    ['time', [x], { pads: [0, 0, 1, 0, 0, 0] }, 'whole'],
    ['behind time', [x], { pads: [0, 0, 0, 1, 0, 0] }, 'whole'],
  ],
  cases: [
    opCase('pad', 'constant, every axis', [[2, 3, 5]], { attributes: { pads: [0, 1, 2, 0, 1, 3], value: -1.5 } }),
    opCase('pad', 'reflect', [[2, 6, 5]], { attributes: { pads: [0, 0, 5, 3, 0, 0], mode: 'reflect' } }),
    opCase('pad', 'edge, behind time', [[2, 8, 4, 3]], {
      attributes: { pads: [0, 0, 0, 0, 2, 1, 0, 0], mode: 'edge' },
    }),
  ],
};

export const repeat: OpRows = {
  formula: naive.repeat,
  choices: { order: 'each' },
  carries: [
    ['each', [x], { repeats: [1, 2, 3] }, []],
    ['all of the channels', [x], { repeats: [1, 1, 2], order: 'whole' }, []],
    ['all of time', [x], { repeats: [1, 2, 1], order: 'whole' }, 'whole'],
    ['the batch', [x], { repeats: [2, 1, 1] }, 'whole'],
  ],
  cases: [
    opCase('repeat', 'each, time and frequency', [[2, 8, 3, 4]], { attributes: { repeats: [1, 2, 3, 1] } }),
    opCase('repeat', 'whole, channels', [[2, 8, 3]], { attributes: { repeats: [1, 1, 2], order: 'whole' } }),
  ],
};

export const reshape: OpRows = {
  formula: naive.reshape,
  carries: [
    ['behind time', [x4], { shape: [0, 0, 30] }, []],
    ['time into the batch', [x], { shape: [16, 1, 6] }, 'whole'],
    ['time and channels', [x], { shape: [0, 48] }, 'whole'],
  ],
  cases: [
    opCase('reshape', 'to a number without axes', [[1, 1]], { attributes: { shape: [] } }),
    opCase('reshape', 'from a number without axes', [[]], { attributes: { shape: [1, 1] } }),
    opCase('reshape', 'frequency into channels', [[2, 3, 4, 5]], { attributes: { shape: [0, 0, -1] } }),
  ],
};

export const slice: OpRows = {
  formula: naive.slice,
  carries: [
    ['channels', [x], { axes: [2], starts: [1], ends: [4] }, []],
    ['all of time', [x], { axes: [1], starts: [0], ends: [8] }, []],
    ['time', [x], { axes: [1], starts: [1], ends: [8] }, 'whole'],
    ['the end of time', [x], { axes: [1], starts: [0], ends: [-1] }, 'whole'],
    ['time turned round', [x], { axes: [1], starts: [-1], ends: [-100], steps: [-1] }, 'whole'],
    ['every second time', [x], { axes: [1], starts: [0], ends: [8], steps: [2] }, 'whole'],
  ],
  cases: [
    opCase('slice', 'the middle of time', [[2, 9, 5]], { attributes: { axes: [1], starts: [2], ends: [-3] } }),
    opCase('slice', 'every second channel, backwards', [[2, 4, 7]], {
      attributes: { axes: [2], starts: [-1], ends: [-100], steps: [-2] },
    }),
    opCase('slice', 'two axes, an end beyond', [[3, 8, 6, 5]], {
      attributes: { axes: [2, -1], starts: [1, 0], ends: [100, 4], steps: [2, 1] },
    }),
  ],
};

export const transpose: OpRows = {
  formula: naive.transpose,
  carries: [
    ['behind time', [x4], { permutation: [0, 1, 3, 2] }, []],
    ['time and channels', [x], { permutation: [0, 2, 1] }, 'whole'],
    ['batch and time', [x], { permutation: [1, 0, 2] }, 'whole'],
  ],
  cases: [
    opCase('transpose', 'rank 3', [[2, 5, 7]], { attributes: { permutation: [0, 2, 1] } }),
    opCase('transpose', 'rank 4, time kept', [[2, 3, 4, 5]], { attributes: { permutation: [0, 1, 3, 2] } }),
  ],
};
