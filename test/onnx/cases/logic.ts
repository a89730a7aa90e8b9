/** Comparisons, truth values, choices; functions made of several ops; whole numbers that are computed. */
import { float, floats, ints, scalar, types } from '../build.ts';
import { chain, type OnnxCase, single } from '../case.ts';

const x = ['batch', 'time', 6];
const bool = types.bool;

const compared = ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'].map((op) =>
  chain(
    `${op}: of computed numbers, some of them equal`,
    { x },
    [
      ['Round', 'x', 'r'],
      [op, 'r c', 'y'],
    ],
    { c: floats([6], [0, 1, -1, 2, 0, 1]) },
    { types: { y: bool }, scale: 2 },
  ),
);
const connected = ['And', 'Or', 'Xor'].map((op) =>
  chain(
    `${op}: of computed truth values`,
    { x, z: ['batch', 1, 6] },
    [
      ['Greater', 'x zero', 'a'],
      ['Less', 'z zero', 'b'],
      [op, 'a b', 'y'],
    ],
    { zero: scalar(0) },
    { types: { y: bool } },
  ),
);
const functions = (
  [
    ['Ceil', 17],
    ['Celu', 12, { alpha: float(0.7) }],
    ['Cos', 17],
    ['Floor', 17],
    ['Mish', 18],
    ['Round', 17],
    ['Sign', 17],
    ['Sin', 17],
    ['Swish', 24, { alpha: float(0.8) }],
    ['ThresholdedRelu', 10, { alpha: float(0.5) }],
  ] as const
).map(([op, opset, attributes = {}]) => single(op, 'an element at a time', x, attributes, [], { opset, scale: 3 }));

export const logicCases: readonly OnnxCase[] = [
  ...compared,
  ...connected,
  ...functions,
  chain(
    'Not, and what is made of truth values',
    { x },
    [
      ['Greater', 'x zero', 'a'],
      ['Not', 'a', 'n'],
      ['Cast', 'n', 'f', { to: 1 }],
      ['Mul', 'x f', 'y'],
    ],
    { zero: scalar(0) },
  ),
  chain(
    'Where: what is not chosen may be infinite',
    { x },
    [
      ['Greater', 'x zero', 'a'],
      ['Log', 'x', 'l'],
      ['Where', 'a l x', 'y'],
    ],
    { zero: scalar(0) },
  ),
  chain(
    'Where: one number everywhere, and a condition that is repeated',
    { x, z: ['batch', 1, 6] },
    [
      ['Less', 'z zero', 'a'],
      ['Where', 'a x zero', 'y'],
      ['Where', 'a c x', 'w'],
    ],
    { zero: scalar(0), c: scalar(-3) },
    { outputs: ['y', 'w'] },
  ),
  chain(
    'whole numbers that are computed: divided towards zero, multiplied, cast to and from',
    { x, n: ['batch', 1, 6] },
    [
      ['Cast', 'x', 'i', { to: 7 }],
      ['Mul', 'i n', 'p'],
      ['Div', 'p three', 'd'],
      ['Cast', 'd', 'f', { to: 1 }],
      ['Div', 'f two', 'y'],
      ['Cast', 'i', 't', { to: 9 }],
    ],
    { three: ints([3]), two: scalar(2) },
    { types: { n: types.int64, d: types.int64, t: bool }, outputs: ['y', 'd', 't'], scale: 4 },
  ),
  chain(
    'Mod: with the sign of the divisor, and of the dividend',
    { x },
    [
      ['Mod', 'x c', 'y', { fmod: 1 }],
      ['Cast', 'x', 'i', { to: 7 }],
      ['Mod', 'i n', 'm'],
    ],
    { c: floats([6], [1, -2, 0.5, 3, 4, -1]), n: ints([3, -2, 5, 4, 7, -3]) },
    { types: { m: types.int64 }, outputs: ['y', 'm'], scale: 5 },
  ),
  single('Mean', 'of three, with broadcasting', x, {}, [scalar(2), floats([6], [1, 2, 3, 4, 5, 6])]),
  single('Clip', 'between computed numbers', x, {}, [], { opset: 13 }),
  chain('Clip: bounds that are computed', { x }, [
    ['ReduceMean', 'x', 'm', { keepdims: 0 }],
    ['Clip', 'x m', 'y'],
  ]),
  single('Pow', 'any exponent', x, {}, [scalar(1.7)], { positive: true }),
  single('Pow', 'an exponent for each channel', x, {}, [floats([6], [2, 0, 3, -1, 1, 5])]),
  chain('Pow: a computed exponent', { x, z: x }, [['Pow', 'x z', 'y']], {}, { positive: true }),
];
