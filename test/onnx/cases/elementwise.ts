import { float, floats, ints, random, scalar } from '../build.ts';
import { chain, type OnnxCase, single } from '../case.ts';

const x = ['batch', 'time', 6];
const unaries = [
  'Abs',
  'Elu',
  'Erf',
  'Exp',
  'HardSigmoid',
  'HardSwish',
  'LeakyRelu',
  'Neg',
  'Relu',
  'Selu',
  'Sigmoid',
  'Softplus',
  'Softsign',
  'Tanh',
  'Identity',
];

export const elementwiseCases: readonly OnnxCase[] = [
  ...unaries.map((op) => single(op, 'defaults', x, {}, [], { scale: 3 })),
  ...['Log', 'Sqrt', 'Reciprocal'].map((op) => single(op, 'positive numbers', x, {}, [], { positive: true })),
  single('LeakyRelu', 'alpha', x, { alpha: 0.3 }),
  single('Elu', 'alpha', x, { alpha: 0.5 }),
  single('HardSigmoid', 'alpha and beta', x, { alpha: 0.3, beta: 0.4 }, [], { scale: 3 }),
  single('Gelu', 'exact', x, {}, [], { opset: 20, scale: 2 }),
  single('Gelu', 'tanh', x, { approximate: 'tanh' }, [], { opset: 20, scale: 2 }),
  single('Clip', 'attributes', x, { min: -0.5, max: float(1) }, [], { opset: 9 }),
  single('Clip', 'inputs', x, {}, [scalar(-0.2), scalar(0.7)]),
  single('Clip', 'only a maximum', x, {}, [null, scalar(0.7)], { opset: 11 }),
  single('PRelu', 'one slope a channel', ['batch', 4, 'time'], {}, [floats([4, 1], [0.1, 0.2, -0.3, 0])]),
  single('PRelu', 'operator set 9', x, {}, [scalar(0.25)], { opset: 9 }),
  ...[2, 0.5, 3, 1, -1, -2, -0.5].map((exponent) =>
    single('Pow', `exponent ${exponent}`, x, {}, [scalar(exponent)], { positive: exponent === 0.5 || exponent < 0 }),
  ),
  single('Dropout', 'operator set 9', x, { ratio: 0.3 }, [], { opset: 9 }),
  single('Dropout', 'with a ratio', x, {}, [scalar(0.5)]),
  single('Cast', 'to itself', x, { to: 1 }),
  // Pairs
  ...['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min'].flatMap((op) => [
    single(op, 'a constant of the last axis', x, {}, [floats([6], [1, 2, -3, 4, 0.5, 6])]),
    single(op, 'a constant in the middle', ['batch', 4, 'time'], {}, [floats([1, 4, 1], [1, -2, 3, 0.25])]),
    single(op, 'one number', x, {}, [scalar(1.5)]),
  ]),
  ...['Add', 'Sub', 'Mul'].map((op) => chain(`${op}: two inputs`, { a: x, b: x }, [[op, 'a b', 'y']])),
  chain('Add: two inputs that repeat', { a: x, b: ['batch', 1, 6] }, [['Add', 'a b', 'y']]),
  chain('Sub: a lower rank first', { a: ['batch', 'time', 6], b: [6] }, [['Sub', 'b a', 'y']]),
  chain('Sub: a constant first', { x }, [['Sub', 'c x', 'y']], { c: random([6]) }),
  chain('Div: a constant first', { x }, [['Div', 'c x', 'y']], { c: scalar(2) }, { positive: true }),
  chain(
    'Sum and Max of three',
    { x },
    [
      ['Sum', 'x c d', 's'],
      ['Max', 's c x', 'y'],
    ],
    { c: random([6]), d: random([1, 1]) },
  ),
  chain('a transposed operand', { x: ['batch', 4, 'time'], z: ['batch', 'time', 4] }, [
    ['Transpose', 'z', 't', { perm: [0, 2, 1] }],
    ['Mul', 'x t', 'y'],
  ]),
  chain(
    'constants are computed ahead',
    { x },
    [
      ['Mul', 'a b', 'c'],
      ['Exp', 'c', 'd'],
      ['Add', 'x d', 'y'],
    ],
    { a: random([6]), b: random([6], 'b') },
    { nodesLeft: 1 },
  ),
  chain(
    'an activation goes into a sum',
    { x },
    [
      ['Add', 'x c', 'a'],
      ['Sigmoid', 'a', 'y'],
    ],
    { c: random([6]) },
    { nodesLeft: 1 },
  ),
  chain('the swish', { x }, [
    ['Sigmoid', 'x', 's'],
    ['Mul', 'x s', 'y'],
  ]),
  chain(
    'gelu in pieces',
    { x },
    [
      ['Div', 'x r', 'a'],
      ['Erf', 'a', 'b'],
      ['Add', 'b one', 'c'],
      ['Mul', 'x c', 'd'],
      ['Mul', 'd h', 'y'],
    ],
    { r: scalar(Math.SQRT2), one: scalar(1), h: scalar(0.5) },
  ),
  chain(
    'layer norm in pieces',
    { x },
    [
      ['ReduceMean', 'x', 'm', { axes: [-1] }],
      ['Sub', 'x m', 'd'],
      ['Pow', 'd two', 's'],
      ['ReduceMean', 's', 'v', { axes: [-1] }],
      ['Add', 'v e', 'w'],
      ['Sqrt', 'w', 'r'],
      ['Div', 'd r', 'u'],
      ['Mul', 'u g', 'k'],
      ['Add', 'k b', 'y'],
    ],
    { two: scalar(2), e: scalar(1e-5), g: random([6], 'g'), b: random([6], 'b') },
  ),
  // Normalisation
  single('BatchNormalization', 'alone', ['batch', 4, 'time'], { epsilon: 0.01, momentum: 0.8 }, [
    random([4], 's'),
    random([4], 'b'),
    random([4], 'm'),
    floats([4], [1, 0.5, 2, 3]),
  ]),
  single(
    'BatchNormalization',
    '2-D, operator set 9',
    ['batch', 3, 'time', 5],
    {},
    [random([3], 's'), random([3], 'b'), random([3], 'm'), floats([3], [1, 0.5, 2])],
    { opset: 9 },
  ),
  single('LayerNormalization', 'last axis', x, {}, [random([6], 's'), random([6], 'b')]),
  single('LayerNormalization', 'no bias, epsilon', x, { epsilon: 0.1 }, [random([6], 's')]),
  single('LayerNormalization', 'two axes', ['batch', 'time', 4, 5], { axis: 2 }, [
    random([4, 5], 's'),
    random([4, 5], 'b'),
  ]),
  single('InstanceNormalization', '1-D', ['batch', 4, 'time'], {}, [random([4], 's'), random([4], 'b')]),
  single('InstanceNormalization', '2-D', ['batch', 4, 'time', 5], { epsilon: 0.01 }, [
    random([4], 's'),
    random([4], 'b'),
  ]),
  single(
    'GroupNormalization',
    'two groups',
    ['batch', 6, 'time'],
    { num_groups: 2 },
    [random([2], 's'), random([2], 'b')],
    { opset: 18 },
  ),
  // Softmax
  single('Softmax', 'last axis', x),
  single('Softmax', 'another axis', ['batch', 4, 'time'], { axis: 1 }),
  single('Softmax', 'operator set 11 flattens', ['batch', 3, 4], { axis: 1 }, [], { opset: 11, sizes: [{ batch: 2 }] }),
  single('Softmax', 'operator set 11, last axis', x, { axis: 2 }, [], { opset: 11 }),
  single('LogSoftmax', 'last axis', x, { axis: -1 }),
  single('LogSoftmax', 'operator set 9', ['batch', 7], {}, [], { opset: 9 }),
  // Reductions
  ...['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'].flatMap((op) => [
    single(op, 'last axis', x, op === 'ReduceSum' ? {} : { axes: [2] }, op === 'ReduceSum' ? [ints([2])] : []),
    single(
      op,
      'time, not kept',
      ['batch', 4, 'time'],
      { ...(op === 'ReduceSum' ? {} : { axes: [-1] }), keepdims: 0 },
      op === 'ReduceSum' ? [ints([-1])] : [],
    ),
  ]),
  single('ReduceMean', 'axes are an input from operator set 18 on', x, { keepdims: 0 }, [ints([1])], { opset: 18 }),
  single('ReduceSum', 'axes are an attribute up to operator set 12', x, { axes: [1, 2] }, [], { opset: 12 }),
  single('ReduceMax', 'every axis', ['batch', 'time', 3], {}),
];
