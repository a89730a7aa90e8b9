/** Where a pass must leave a graph alone, or would go wrong by a detail. */
import { test } from 'uvu';
import { graphOf, passTest, type Row, tensor } from '../support/passes.ts';

const w = tensor('w', 3, 6, 6);
const end = 0x7fffffff;
const number = (value: number) => ({ shape: [1], data: Float32Array.of(value) });

type Case = readonly [
  title: string,
  rows: readonly Row[],
  left: string,
  constants?: Parameters<typeof graphOf>[1],
  x?: Parameters<typeof graphOf>[2],
];

const cases: Readonly<Record<string, readonly Case[]>> = {
  foldScales: [
    [
      'a constant divided by the result stays',
      [
        ['dense', 'x m b', 'a'],
        ['binary', 'v a', 'y', { kind: 'divide' }],
      ],
      'dense binary',
      // A bias far from 0, so that nothing is divided by what is nearly 0.
      { m: tensor('m', 6, 4), b: { shape: [4], data: new Float32Array(4).fill(20) }, v: tensor('v', 4) },
    ],
    [
      'in front of a convolution in groups stays',
      [
        ['binary', 'x s', 'a', { kind: 'multiply' }],
        ['conv', 'a g', 'y', { groups: 2, pads: [2, 0] }],
      ],
      'binary conv',
      { g: tensor('g', 3, 3, 6), s: tensor('s', 6) },
    ],
  ],
  foldCuts: [
    [
      'the beginning of a convolution, and the end too',
      [
        ['conv', 'x w', 'a', { pads: [2, 3] }],
        ['slice', 'a', 'y', { axes: [1], starts: [1], ends: [-3] }],
      ],
      'conv',
      { w },
    ],
    [
      'behind a stride it stays',
      [
        ['conv', 'x w', 'a', { strides: [2], pads: [2, 2] }],
        ['slice', 'a', 'y', { axes: [1], starts: [0], ends: [-1] }],
      ],
      'conv slice',
      { w },
    ],
    [
      'more of the end than the padding stays',
      [
        ['conv', 'x w', 'a', { pads: [2, 1] }],
        ['slice', 'a', 'y', { axes: [1], starts: [0], ends: [-2] }],
      ],
      'conv slice',
      { w },
    ],
    [
      'an end counted from the front stays',
      [
        ['conv', 'x w', 'a', { pads: [2, 2] }],
        ['slice', 'a', 'y', { axes: [1], starts: [0], ends: [4] }],
      ],
      'conv slice',
      { w },
    ],
  ],
  foldPads: [
    [
      'zeros in front of an average that does not count its own padding stay',
      [
        ['pad', 'x', 'a', { pads: [0, 0, 2, 0, 0, 0] }],
        ['pool', 'a', 'y', { kind: 'average', kernel: [3], strides: [1], pads: [1, 1] }],
      ],
      'pad pool',
    ],
    [
      'zeros in front of the largest value stay',
      [
        ['pad', 'x', 'a', { pads: [0, 0, 2, 0, 0, 0] }],
        ['pool', 'a', 'y', { kind: 'max', kernel: [3], strides: [1] }],
      ],
      'pad pool',
    ],
  ],
  flattenFrequency: [
    [
      'padded frequencies stay',
      [['conv', 'x k', 'y', { pads: [2, 0, 1, 1] }]],
      'conv',
      { k: tensor('k', 3, 5, 4, 7) },
      ['batch', 'time', 5, 4],
    ],
    ...(
      [
        [1, 0],
        [0, 1],
      ] as const
    ).map(
      ([before, after]): Case => [
        `frequencies padded by ${before} and ${after} stay`,
        [['conv', 'x k', 'y', { pads: [2, 0, before, after] }]],
        'conv',
        { k: tensor('k', 3, 5, 4, 7) },
        ['batch', 'time', 5, 4],
      ],
    ),
    [
      'groups stay',
      [['conv', 'x k', 'y', { groups: 2, pads: [2, 0, 0, 0] }]],
      'conv',
      { k: tensor('k', 3, 5, 2, 6) },
      ['batch', 'time', 5, 4],
    ],
  ],
  fuseResiduals: [
    [
      'a second residual stays',
      [
        ['unary', 'x', 'r', { kind: 'exp' }],
        ['conv', 'x w _ r', 'a', { pads: [2, 0] }],
        ['binary', 'a x', 'y', { kind: 'add' }],
      ],
      'unary conv binary',
      { w },
    ],
    [
      'one behind an activation stays',
      [
        ['conv', 'x w', 'a', { pads: [2, 0], activation: 'relu' }],
        ['binary', 'a x', 'y', { kind: 'add' }],
      ],
      'conv binary',
      { w },
    ],
  ],
  fuseActivations: [
    [
      'a second activation stays',
      [
        ['conv', 'x w', 'a', { pads: [2, 0], activation: 'relu' }],
        ['unary', 'a', 'y', { kind: 'sigmoid' }],
      ],
      'conv unary',
      { w },
    ],
  ],
  hoistTransposes: [
    [
      'past a pad that is another one on each axis',
      [
        ['pad', 'x', 'a', { pads: [0, 1, 2, 3, 4, 5] }],
        ['transpose', 'a', 'y', { permutation: [0, 2, 1] }],
      ],
      'transpose pad',
    ],
    [
      'past a slice',
      [
        ['slice', 'x', 'a', { axes: [1, 2], starts: [1, 2], ends: [end, 5] }],
        ['transpose', 'a', 'y', { permutation: [0, 2, 1] }],
      ],
      'transpose slice',
    ],
    [
      'past a gather',
      [
        ['gather', 'x', 'a', { axis: 2, indices: [3, 0, 3] }],
        ['transpose', 'a', 'y', { permutation: [0, 2, 1] }],
      ],
      'transpose gather',
    ],
    [
      'past a sum with a vector it stays',
      [
        ['binary', 'x v', 'a', { kind: 'add' }],
        ['transpose', 'a', 'y', { permutation: [0, 2, 1] }],
      ],
      'binary transpose',
      { v: tensor('v', 6) },
    ],
  ],
  simplify: [
    [
      'two transpositions become the right one',
      [
        ['transpose', 'x', 'a', { permutation: [0, 2, 1, 3] }],
        ['transpose', 'a', 'b', { permutation: [0, 2, 3, 1] }],
        ['unary', 'b', 'y', { kind: 'relu' }],
      ],
      'transpose unary',
      {},
      ['batch', 'time', 3, 4],
    ],
    [
      'a slice that turns round stays, inside a graph as well',
      [
        ['slice', 'x', 'a', { axes: [1], starts: [-1], ends: [-end], steps: [-1] }],
        ['unary', 'a', 'y', { kind: 'exp' }],
      ],
      'slice unary',
    ],
    [
      'two reshapes whose joint one can not be said stay',
      [
        ['reshape', 'x', 'a', { shape: [0, -1, 1] }],
        ['reshape', 'a', 'b', { shape: [1, 0, -1] }],
        ['unary', 'b', 'y', { kind: 'exp' }],
      ],
      'reshape reshape unary',
    ],
    ['an identity that is an output stays', [['unary', 'x', 'y', { kind: 'identity' }]], 'unary'],
  ],
  recognise: [
    [
      'a variance over another axis than the mean stays',
      [
        ['reduce', 'x', 'm', { kind: 'mean', axes: [2] }],
        ['binary', 'x m', 'd', { kind: 'subtract' }],
        ['binary', 'd d', 's', { kind: 'multiply' }],
        ['reduce', 's', 'v', { kind: 'mean', axes: [1] }],
        ['binary', 'v e', 'q', { kind: 'add' }],
        ['unary', 'q', 'r', { kind: 'sqrt' }],
        ['binary', 'd r', 'y', { kind: 'divide' }],
      ],
      'reduce binary binary reduce binary unary binary',
      { e: number(0.1) },
    ],
    [
      'a distance from the mean of another value stays',
      [
        ['unary', 'x', 'z', { kind: 'exp' }],
        ['reduce', 'z', 'm', { kind: 'mean', axes: [2] }],
        ['binary', 'x m', 'd', { kind: 'subtract' }],
        ['binary', 'd d', 's', { kind: 'multiply' }],
        ['reduce', 's', 'v', { kind: 'mean', axes: [2] }],
        ['binary', 'v e', 'q', { kind: 'add' }],
        ['unary', 'q', 'r', { kind: 'sqrt' }],
        ['binary', 'd r', 'y', { kind: 'divide' }],
      ],
      'unary reduce binary binary reduce binary unary binary',
      { e: number(0.1) },
    ],
    [
      'a layer norm keeps its own epsilon',
      [
        ['reduce', 'x', 'm', { kind: 'mean', axes: [2] }],
        ['binary', 'x m', 'd', { kind: 'subtract' }],
        ['binary', 'd d', 's', { kind: 'multiply' }],
        ['reduce', 's', 'v', { kind: 'mean', axes: [2] }],
        ['binary', 'v e', 'q', { kind: 'add' }],
        ['unary', 'q', 'r', { kind: 'sqrt' }],
        ['binary', 'd r', 'y', { kind: 'divide' }],
      ],
      'normalise',
      { e: number(0.7) },
    ],
    [
      'two more than erf is no gelu',
      [
        ['binary', 'x root', 'a', { kind: 'divide' }],
        ['unary', 'a', 'b', { kind: 'erf' }],
        ['binary', 'b two', 'c', { kind: 'add' }],
        ['binary', 'x c', 'd', { kind: 'multiply' }],
        ['binary', 'd half', 'y', { kind: 'multiply' }],
      ],
      'binary unary binary binary binary',
      { root: number(Math.SQRT2), two: number(2), half: number(0.5) },
    ],
  ],
};

for (const [pass, rows] of Object.entries(cases))
  for (const [title, nodes, left, constants = {}, x] of rows) passTest(title, pass, graphOf(nodes, constants, x), left);

test.run();
