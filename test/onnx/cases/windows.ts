import { floats, random, scalar } from '../build.ts';
import { chain, type OnnxCase, single } from '../case.ts';

const x1 = ['batch', 6, 'time'];
const x2 = ['batch', 3, 'time', 10];

export const windowCases: readonly OnnxCase[] = [
  // Conv
  single('Conv', 'kernel 3, bias', x1, { pads: [1, 1] }, [random([8, 6, 3]), random([8])]),
  single('Conv', 'causal, dilated', x1, { pads: [4, 0], dilations: [2], kernel_shape: [3] }, [random([4, 6, 3])]),
  single('Conv', 'stride 2, uneven', x1, { pads: [1, 0], strides: [2] }, [random([4, 6, 3])], {
    sizes: [
      { batch: 1, time: 12 },
      { batch: 2, time: 13 },
      { batch: 1, time: 7 },
    ],
  }),
  single('Conv', 'groups', x1, { group: 3 }, [random([9, 2, 2])]),
  single('Conv', 'depthwise', x1, { group: 6, pads: [2, 2] }, [random([6, 1, 5]), random([6])]),
  single('Conv', 'depthwise with multiplier', x1, { group: 6 }, [random([12, 1, 3])]),
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((auto_pad) =>
    single('Conv', `auto_pad ${auto_pad}`, x1, { auto_pad, dilations: [1] }, [random([4, 6, 4])]),
  ),
  single('Conv', 'SAME with stride on a fixed axis', ['batch', 6, 13], { auto_pad: 'SAME_UPPER', strides: [3] }, [
    random([4, 6, 5]),
  ]),
  single('Conv', '2-D', x2, { pads: [2, 1, 0, 1] }, [random([5, 3, 3, 3]), random([5])]),
  single('Conv', '2-D, strides and dilations', x2, { pads: [2, 1, 1, 2], strides: [2, 3], dilations: [1, 2] }, [
    random([4, 3, 3, 3]),
  ]),
  single('Conv', '2-D, depthwise', x2, { group: 3, pads: [1, 1, 1, 1] }, [random([3, 1, 3, 3])]),
  single('Conv', '2-D, time last', ['batch', 2, 10, 'time'], { pads: [1, 2, 1, 0], strides: [2, 1] }, [
    random([4, 2, 3, 3]),
  ]),
  single('Conv', '2-D, everything fixed', [2, 3, 7, 9], {}, [random([4, 3, 2, 5])]),
  single('Conv', 'operator set 9', x1, {}, [random([4, 6, 1])], { opset: 9 }),
  single('Conv', 'operator set 20', x1, {}, [random([4, 6, 1])], { opset: 20 }),
  // ConvTranspose
  single('ConvTranspose', 'stride 2', x1, { strides: [2] }, [random([6, 4, 2]), random([4])]),
  single('ConvTranspose', 'pads and output padding', x1, { strides: [3], pads: [1, 2], output_padding: [1] }, [
    random([6, 4, 5]),
  ]),
  single('ConvTranspose', 'groups and dilations', x1, { group: 2, dilations: [2] }, [random([6, 2, 3])]),
  single('ConvTranspose', '2-D', x2, { strides: [1, 2], pads: [1, 0, 1, 1], kernel_shape: [3, 4] }, [
    random([3, 4, 3, 4]),
    random([4]),
  ]),
  // Pools
  single('MaxPool', 'window 2', x1, { kernel_shape: [2], strides: [2] }),
  single('MaxPool', 'overlapping, padded', x1, { kernel_shape: [3], pads: [1, 1] }),
  single('MaxPool', '2-D, no strides', x2, { kernel_shape: [2, 3] }),
  single('MaxPool', 'SAME', x1, { kernel_shape: [4], auto_pad: 'SAME_LOWER' }),
  single(
    'MaxPool',
    'rounded up where nothing is cut',
    ['batch', 4, 12],
    { kernel_shape: [3], strides: [3], ceil_mode: 1 },
    [],
    { sizes: [{ batch: 2 }] },
  ),
  single('AveragePool', 'window 4', x1, { kernel_shape: [4], strides: [4] }),
  single('AveragePool', 'padding left out', x1, { kernel_shape: [3], pads: [2, 1], strides: [2] }),
  single('AveragePool', 'padding counted', x1, { kernel_shape: [3], pads: [2, 0], count_include_pad: 1 }),
  single('AveragePool', '2-D', x2, { kernel_shape: [3, 2], strides: [1, 2], pads: [1, 0, 1, 0] }),
  single('GlobalAveragePool', 'one axis', x1),
  single('GlobalAveragePool', 'two axes', x2),
  single('GlobalMaxPool', 'two axes', x2),
  // What passes fold
  chain(
    'Pad and Conv become one',
    { x: x1 },
    [
      ['Pad', 'x p', 'a', { mode: 'constant' }],
      ['Conv', 'a w b', 'c'],
      ['Relu', 'c', 'y'],
    ],
    {
      p: { tensor: true, dims: [6], data_type: 7, int64_data: [0, 0, 4, 0, 0, 0] },
      w: random([8, 6, 5]),
      b: random([8]),
    },
    { nodesLeft: 3 },
  ),
  chain(
    'Pad and AveragePool become one',
    { x: x1 },
    [
      ['Pad', 'x p', 'a'],
      ['AveragePool', 'a', 'y', { kernel_shape: [3], strides: [1] }],
    ],
    { p: { tensor: true, dims: [6], data_type: 7, int64_data: [0, 0, 2, 0, 0, 0] } },
    { nodesLeft: 3 },
  ),
  chain(
    'Conv, batch norm, activation',
    { x: x1 },
    [
      ['Conv', 'x w', 'a', { pads: [2, 0] }],
      ['BatchNormalization', 'a s b m v', 'c'],
      ['LeakyRelu', 'c', 'y', { alpha: 0.2 }],
    ],
    {
      w: random([8, 6, 3]),
      s: random([8], 's'),
      b: random([8], 'b'),
      m: random([8], 'm'),
      v: floats([8], [1, 2, 3, 0.5, 1, 2, 0.1, 4]),
    },
    { nodesLeft: 3 },
  ),
  chain(
    'batch norm in front of Conv',
    { x: x1 },
    [
      ['BatchNormalization', 'x s b m v', 'a'],
      ['Conv', 'a w', 'y', { pads: [2, 0] }],
    ],
    {
      w: random([8, 6, 3]),
      s: random([6], 's'),
      b: random([6], 'b'),
      m: random([6], 'm'),
      v: floats([6], [1, 2, 3, 0.5, 1, 2]),
    },
  ),
  chain(
    'residual and activation',
    { x: ['batch', 6, 'time'] },
    [
      ['Conv', 'x w', 'a', { pads: [2, 0] }],
      ['Add', 'a x', 'b'],
      ['Relu', 'b', 'y'],
    ],
    { w: random([6, 6, 3]) },
    { nodesLeft: 3 },
  ),
  chain(
    'residual behind the activation',
    { x: x1 },
    [
      ['Conv', 'x w', 'a', { pads: [2, 0] }],
      ['Relu', 'a', 'b'],
      ['Add', 'b x', 'y'],
    ],
    { w: random([6, 6, 3]) },
  ),
  chain(
    'a sum that repeats is no residual',
    { x: x1 },
    [
      ['Conv', 'x w', 'a', { pads: [1, 1] }],
      ['GlobalAveragePool', 'x', 'g'],
      ['Add', 'a g', 'y'],
    ],
    { w: random([6, 6, 3]) },
  ),
  chain(
    'a result that is used twice is not swallowed',
    { x: x1 },
    [
      ['Conv', 'x w', 'a', { pads: [1, 1] }],
      ['Relu', 'a', 'b'],
      ['Mul', 'a b', 'y'],
    ],
    { w: random([6, 6, 3]) },
  ),
  chain(
    'a result that is an output is not swallowed',
    { x: x1 },
    [
      ['Conv', 'x w', 'a', { pads: [1, 1] }],
      ['Relu', 'a', 'y'],
    ],
    { w: random([6, 6, 3]) },
    { outputs: ['a', 'y'] },
  ),
  chain(
    'scales before and behind',
    { x: x1 },
    [
      ['Mul', 'x k', 'a'],
      ['Conv', 'a w b', 'c', { pads: [2, 0] }],
      ['Sub', 'c d', 'e'],
      ['Div', 'e f', 'y'],
    ],
    { k: scalar(0.1), w: random([4, 6, 3]), b: random([4]), d: random([4, 1]), f: floats([1, 4, 1], [1, 2, 4, 0.5]) },
    { nodesLeft: 3 },
  ),
  chain(
    'a kernel over all frequencies',
    { x: ['batch', 1, 'time', 8] },
    [
      ['Conv', 'x w b', 'a'],
      ['Relu', 'a', 'c'],
      ['Squeeze', 'c axes', 'y'],
    ],
    { w: random([6, 1, 1, 8]), b: random([6]), axes: { tensor: true, dims: [1], data_type: 7, int64_data: [3] } },
  ),
  chain(
    'cut behind a convolution',
    { x: x1 },
    [
      ['Conv', 'x w', 'a', { pads: [4, 4] }],
      ['Slice', 'a s e axes', 'y'],
    ],
    {
      w: random([6, 6, 5]),
      s: { tensor: true, dims: [1], data_type: 7, int64_data: [0] },
      e: { tensor: true, dims: [1], data_type: 7, int64_data: [-4] },
      axes: { tensor: true, dims: [1], data_type: 7, int64_data: [2] },
    },
    { nodesLeft: 3 },
  ),
];
