/** Matrices along an axis, products in letters, elements put in place, quantized numbers, resizing. */
import { floats, ints, random, scalar, type TestAttribute, type TestTensor, types } from '../build.ts';
import { chain, type OnnxCase, single } from '../case.ts';

const x = ['batch', 'time', 6];
const uint8 = (value: number): TestTensor => ({
  tensor: true,
  dims: [],
  data_type: types.uint8,
  raw_data: Uint8Array.of(value),
});
const int8s = (...values: number[]): TestTensor => ({
  tensor: true,
  dims: [values.length],
  data_type: types.int8,
  raw_data: new Uint8Array(Int8Array.from(values).buffer),
});
const resized = (
  about: string,
  attributes: Record<string, TestAttribute>,
  scales: readonly number[],
  opset = 17,
): OnnxCase => ({
  ...chain(`Resize: ${about}`, { x: ['batch', 2, 6, 5] }, [['Resize', 'x _ s', 'y', attributes]], {
    s: floats([4], [1, 1, ...scales]),
  }),
  opset,
  sizes: [{ batch: 1 }, { batch: 2 }],
});

const cumulative: readonly Record<string, number>[] = [
  {},
  { exclusive: 1 },
  { reverse: 1 },
  { exclusive: 1, reverse: 1 },
];

export const linearCases: readonly OnnxCase[] = [
  ...cumulative.map((attributes) => single('CumSum', JSON.stringify(attributes), x, attributes, [ints([2], [])])),
  chain('Einsum: a product of matrices, turned', { x, z: ['batch', 4, 6] }, [
    ['Einsum', 'x z', 'y', { equation: 'btc,bfc->bft' }],
  ]),
  chain(
    'Einsum: outer axes on both sides, and one that is summed up',
    { x, z: ['batch', 3, 6] },
    [['Einsum', 'x w', 'y', { equation: 'btc, cdh -> bthd' }]],
    { w: random([6, 3, 4]) },
  ),
  chain('Einsum: one term', { x }, [['Einsum', 'x', 'y', { equation: 'btc->cb' }]]),
  chain(
    'ScatterND: rows put into a constant',
    { x: ['batch', 6] },
    [['ScatterND', 'd i x', 'y']],
    { d: random([4, 6]), i: ints([3, 1], [2, 1]) },
    { sizes: [{ batch: 2 }], settled: { dims: { batch: 2 } } },
  ),
  chain(
    'QuantizeLinear and back: one scale',
    { x },
    [
      ['QuantizeLinear', 'x s z', 'q'],
      ['DequantizeLinear', 'q s z', 'y'],
    ],
    { s: scalar(0.02), z: uint8(100) },
  ),
  chain(
    'QuantizeLinear and back: a scale for each channel',
    { x },
    [
      ['QuantizeLinear', 'x s z', 'q', { axis: 2 }],
      ['DequantizeLinear', 'q s z', 'y', { axis: 2 }],
    ],
    { s: floats([6], [0.02, 0.01, 0.03, 0.02, 0.05, 0.01]), z: int8s(0, -5, 3, 20, -100, 7) },
  ),
  resized('linear, half pixels, up', { mode: 'linear' }, [2, 1.6]),
  resized('linear, half pixels, down', { mode: 'linear' }, [0.5, 0.7]),
  resized('linear, corners aligned', { mode: 'linear', coordinate_transformation_mode: 'align_corners' }, [2, 3]),
  resized('nearest, no whole multiple', { mode: 'nearest' }, [1.5, 2.4]),
  resized(
    'nearest, down, asymmetric, floor',
    { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    [0.5, 0.6],
  ),
];
