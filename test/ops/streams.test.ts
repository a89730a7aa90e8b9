/** Which ops can be cut along time, and what they carry: an op that is cut though it must not be is wrong and says nothing. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Attributes } from '../../src/graph/graph.ts';
import type { Shape } from '../../src/graph/tensor.ts';
import { opNamed, ops } from '../../src/ops/index.ts';

type Row = readonly [
  title: string,
  shapes: readonly Shape[],
  attributes: Attributes,
  state: readonly Shape[] | 'whole',
  outputs?: number,
];

const x: Shape = [2, 8, 6];
const x4: Shape = [2, 8, 5, 6];
const w: Shape = [3, 6, 4];

/** What each op carries, batch left off; `whole` where all of time must be there at once. */
const rows: Readonly<Record<string, readonly Row[]>> = {
  binary: [['any', [x, x], { kind: 'add' }, []]],
  concat: [
    ['channels', [x, x], { axis: 2 }, []],
    ['time', [x, x], { axis: 1 }, 'whole'],
    ['time, from the end', [x, x], { axis: -2 }, 'whole'],
    ['batch', [x, x], { axis: 0 }, 'whole'],
  ],
  conv: [
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
  convTranspose: [
    ['windows side by side', [x, [2, 6, 4]], { strides: [2] }, []],
    ['overlapping', [x, w], { strides: [2] }, 'whole'],
    ['cut', [x, [2, 6, 4]], { strides: [2], pads: [1, 0] }, 'whole'],
    ['cut behind', [x, [2, 6, 4]], { strides: [2], pads: [0, 1] }, 'whole'],
    ['longer than its windows', [x, [2, 6, 4]], { strides: [2], outputPadding: [1] }, 'whole'],
    ['dilated', [x, [2, 6, 4]], { strides: [2], dilations: [2] }, 'whole'],
  ],
  crop: [
    ['frequency', [x4, [2, 8, 3]], { axes: [2], from: [2] }, []],
    ['time', [[1, 20, 6], x], { axes: [1], from: [1] }, 'whole'],
    ['frequency to the length of time', [x4, [2, 4, 3]], { axes: [2], from: [1] }, 'whole'],
  ],
  dense: [['any', [x, [6, 4]], {}, []]],
  expand: [
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
  gather: [
    ['channels', [x], { axis: -1, indices: [0, 3] }, []],
    ['time', [x], { axis: 1, indices: [0, 3] }, 'whole'],
  ],
  gru: [
    ['forward', [x, [6, 15], [5, 15], [15], [15]], {}, [[5]]],
    ['reverse', [x, [6, 15], [5, 15], [15], [15]], { direction: 'reverse' }, 'whole'],
    ['from a first state', [x, [6, 15], [5, 15], [15], [15], [2, 5]], {}, 'whole'],
  ],
  logmel: [
    ['as the models have it', [[2, 1024]], {}, [[256]]],
    ['four hops a frame', [[2, 1024]], { frame: 512, hop: 128 }, [[384]]],
  ],
  lstm: [
    ['forward', [x, [6, 20], [5, 20], [20]], {}, [[5], [5]]],
    ['reverse', [x, [6, 20], [5, 20], [20]], { direction: 'reverse' }, 'whole'],
    ['from a first state', [x, [6, 20], [5, 20], [20], [2, 5]], {}, 'whole'],
    ['from a first cell', [x, [6, 20], [5, 20], [20], [], [2, 5]], {}, 'whole'],
    ['with its last cell', [x, [6, 20], [5, 20], [20]], {}, 'whole', 2],
  ],
  matmul: [
    ['a matrix', [x, [6, 4]], {}, []],
    ['a matrix for each step', [x4, [2, 8, 6, 3]], {}, []],
    ['one matrix for all steps', [x4, [6, 3]], {}, []],
    ['time among the columns', [x, [2, 6, 8]], {}, 'whole'],
    ['another number of axes', [x4, [8, 6, 3]], {}, 'whole'],
  ],
  normalise: [
    ['channels', [x], { axes: [-1] }, []],
    ['frequency and channels', [x4], { axes: [3, 2] }, []],
    ['time', [x], { axes: [1] }, 'whole'],
    ['time and frequency', [x4], { axes: [2, 1] }, 'whole'],
  ],
  pad: [
    ['channels', [x], { pads: [0, 0, 0, 0, 1, 1] }, []],
    ['time', [x], { pads: [0, 0, 1, 0, 0, 0] }, 'whole'],
    ['behind time', [x], { pads: [0, 0, 0, 1, 0, 0] }, 'whole'],
  ],
  pool: [
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
  reduce: [
    ['channels', [x], { kind: 'mean', axes: [-1] }, []],
    ['time', [x], { kind: 'mean', axes: [1] }, 'whole'],
    ['batch', [x], { kind: 'mean', axes: [0] }, 'whole'],
    ['time behind frequency', [x4], { kind: 'max', axes: [2, 1] }, 'whole'],
  ],
  repeat: [
    ['each', [x], { repeats: [1, 2, 3] }, []],
    ['all of the channels', [x], { repeats: [1, 1, 2], order: 'whole' }, []],
    ['all of time', [x], { repeats: [1, 2, 1], order: 'whole' }, 'whole'],
    ['the batch', [x], { repeats: [2, 1, 1] }, 'whole'],
  ],
  reshape: [
    ['behind time', [x4], { shape: [0, 0, 30] }, []],
    ['time into the batch', [x], { shape: [16, 1, 6] }, 'whole'],
    ['time and channels', [x], { shape: [0, 48] }, 'whole'],
  ],
  slice: [
    ['channels', [x], { axes: [2], starts: [1], ends: [4] }, []],
    ['all of time', [x], { axes: [1], starts: [0], ends: [8] }, []],
    ['time', [x], { axes: [1], starts: [1], ends: [8] }, 'whole'],
    ['the end of time', [x], { axes: [1], starts: [0], ends: [-1] }, 'whole'],
    ['time turned round', [x], { axes: [1], starts: [-1], ends: [-100], steps: [-1] }, 'whole'],
    ['every second time', [x], { axes: [1], starts: [0], ends: [8], steps: [2] }, 'whole'],
  ],
  softmax: [
    ['channels', [x], {}, []],
    ['time, where nothing is behind it', [[2, 8]], {}, 'whole'],
  ],
  transpose: [
    ['behind time', [x4], { permutation: [0, 1, 3, 2] }, []],
    ['time and channels', [x], { permutation: [0, 2, 1] }, 'whole'],
    ['batch and time', [x], { permutation: [1, 0, 2] }, 'whole'],
  ],
  unary: [['any', [x], { kind: 'exp' }, []]],
};

for (const [op, list] of Object.entries(rows)) {
  for (const [title, shapes, attributes, state, outputs = 1] of list) {
    test(`${op}: ${title}`, () => {
      const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
      const node = { name: op, op, inputs: shapes.map((_, i) => `x${i}`), outputs: names, attributes };
      assert.is(opNamed(node).infer(node, shapes).length, outputs);
      assert.equal(opNamed(node).state(node, shapes) ?? 'whole', state);
    });
  }
}

test('every op is here, and those that may need all of time both ways', () => {
  assert.equal(Object.keys(rows).sort(), [...ops.keys()].sort());
  const always = new Set(['binary', 'dense', 'logmel', 'unary']);
  const oneWay = Object.entries(rows).filter(
    ([, list]) => new Set(list.map(([, , , state]) => state === 'whole')).size < 2,
  );
  assert.equal(oneWay.map(([op]) => op).sort(), [...always].sort());
});

test.run();
