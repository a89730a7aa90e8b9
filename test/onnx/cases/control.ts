/** Branches, outputs of every kind, axes that prove to be the same. */
import { floats, ints, random, scalar, types } from '../build.ts';
import { chain, type OnnxCase, single } from '../case.ts';

const x = ['batch', 'time', 6];
const branch = (op: string, inputs: readonly string[], outer?: string): OnnxCase => ({
  ...chain('', {}, [[op, inputs.join(' '), 'inner']], {}, { outputs: ['inner'] }),
  ...(outer === undefined ? {} : { constants: { [outer]: scalar(3) } }),
});
const lstm = { w: random([1, 12, 4]), r: random([1, 12, 3]), b: random([1, 24]) };

export const controlCases: readonly OnnxCase[] = [
  chain(
    'If: the number of axes decides, and both branches use one name',
    { x },
    [
      ['Shape', 'x', 's'],
      ['Size', 's', 'rank'],
      ['Equal', 'rank three', 'is'],
      [
        'If',
        'is',
        'a',
        { then_branch: { graph: branch('Relu', ['x']) }, else_branch: { graph: branch('Neg', ['x']) } },
      ],
      ['Not', 'is', 'not'],
      [
        'If',
        'not',
        'c',
        { then_branch: { graph: branch('Relu', ['a']) }, else_branch: { graph: branch('Add', ['a', 'k'], 'k') } },
      ],
      ['Add', 'a c', 'y'],
    ],
    { three: ints([3], []) },
  ),
  chain(
    'If: an input that is given once and for all decides',
    { x, sr: [] },
    [
      ['Equal', 'sr rate', 'is'],
      [
        'If',
        'is',
        'y',
        { then_branch: { graph: branch('Exp', ['x']) }, else_branch: { graph: branch('Tanh', ['x']) } },
      ],
    ],
    { rate: ints([16000], []) },
    { types: { sr: types.int64 }, settled: { inputs: { sr: 16000 } } },
  ),
  chain(
    'If: the input decides between values of one shape',
    { x },
    [
      ['ReduceMax', 'x', 'm', { keepdims: 0 }],
      ['Less', 'm limit', 'is'],
      [
        'If',
        'is',
        'y',
        { then_branch: { graph: branch('Exp', ['x']) }, else_branch: { graph: branch('Tanh', ['x']) } },
      ],
    ],
    { limit: scalar(2.9) },
  ),
  chain(
    'outputs that are constants, an input, a number everywhere, and one value twice',
    { x },
    [
      ['Relu', 'x', 'y'],
      ['Identity', 'k', 'c'],
      ['Identity', 'n', 'i'],
      ['Shape', 'x', 's'],
      ['ConstantOfShape', 's', 'f', { value: floats([1], [2.5]) }],
      ['Identity', 'y', 'again'],
      ['Transpose', 'y', 't', { perm: [0, 2, 1] }],
      ['Identity', 't', 'u'],
      ['Identity', 'x', 'same'],
    ],
    { k: floats([2], [1, 2]), n: ints([7, -8]) },
    { types: { i: types.int64 }, outputs: ['y', 'c', 'i', 'f', 'again', 't', 'u', 'same'] },
  ),
  chain(
    'LSTM without a name, and without its first output',
    { x: ['time', 'batch', 4] },
    [['LSTM', 'x w r b', '_ h', { hidden_size: 3 }]],
    lstm,
    { outputs: ['h'] },
  ),
  chain(
    'LSTM: the last state of frames that are one at small sizes and several at large ones',
    { x: ['batch', 1, 'time'] },
    [
      ['Conv', 'x k', 'c', { strides: [256], pads: [120, 120] }],
      ['Transpose', 'c', 't', { perm: [2, 0, 1] }],
      ['LSTM', 't w r b', '_ h', { hidden_size: 3 }],
    ],
    { ...lstm, k: random([4, 1, 200]) },
    {
      outputs: ['h'],
      sizes: [
        { batch: 1, time: 64 },
        { batch: 1, time: 1100 },
      ],
    },
  ),
  chain(
    'axes of two names that must be one',
    { x: ['unk_1', 3, 4], h: ['unk_2', 3] },
    [
      ['ReduceMean', 'x', 'm', { axes: [2], keepdims: 0 }],
      ['Add', 'm h', 'y'],
    ],
    {},
    { sizes: [{ batch: 1 }, { batch: 3 }] },
  ),
  chain(
    'an axis that must equal a number',
    { x: ['batch', 'time'], w: [4], b: [4] },
    [['LayerNormalization', 'x w b', 'y', { axis: 1 }]],
    {},
    { sizes: [{ batch: 1 }, { batch: 3 }] },
  ),
  chain(
    'axes that were given a number and another name',
    { x: ['n', 'frames'], h: ['m', 'k'] },
    [['Mul', 'x h', 'y']],
    {},
    { sizes: [{ batch: 2 }], settled: { dims: { frames: 5, m: 'n', k: 5 } } },
  ),
  single('ReduceSum', 'attributes with the values they have anyway', x, { keepdims: 1, noop_with_empty_axes: 0 }, [
    ints([2]),
  ]),
  single('ReduceMean', 'no axes, and that means nothing is reduced', x, { noop_with_empty_axes: 1 }, [], { opset: 18 }),
  single('ReduceSum', 'to a number without axes', x, { keepdims: 0 }),
  chain(
    'a number without axes goes on',
    { x },
    [
      ['ReduceMax', 'x', 'm', { keepdims: 0 }],
      ['Mul', 'm m', 's'],
      ['Reciprocal', 's', 'r'],
      ['Sub', 'r s', 'd'],
      ['Mul', 'x d', 'y'],
    ],
    {},
    { outputs: ['y', 'd'] },
  ),
];
