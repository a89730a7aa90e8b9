/**
 * The table of op cases that every backend runs against the reference: odd sizes, batch 1 and 7, time 1. A case is a
 * graph of one node. Where the op can be streamed, the test also runs it in pieces and compares with the whole.
 */
import type { Attributes, Graph } from '../../src/graph/graph.ts';
import { type Shape, sizeOf, type Tensor } from '../../src/graph/tensor.ts';
import { type ActivationName, activationNames, fusedActivations } from '../../src/ops/activation.ts';
import { binaryKinds } from '../../src/ops/binary.ts';
import { seeded } from '../support/random.ts';

export interface OpCase {
  readonly title: string;
  readonly graph: Graph;
  readonly inputs: readonly Tensor[];
}

interface CaseOptions {
  readonly attributes?: Attributes;
  /** Shapes of inputs that are constants, in order behind the others; null leaves one out. */
  readonly constants?: readonly (Shape | null)[];
  readonly outputs?: number;
  /** Scale of the random inputs. */
  readonly scale?: number;
  /** Inputs above 0 only. */
  readonly positive?: boolean;
  /** Inputs are multiples of this. */
  readonly grid?: number;
  readonly type?: 'int16';
}

/** Builds a case; random numbers are seeded by the title, so each case keeps its numbers when others come or go. */
export function opCase(op: string, title: string, shapes: readonly Shape[], options: CaseOptions = {}): OpCase {
  const random = seeded(`${op} ${title}`);
  const { attributes = {}, constants = [], outputs = 1, scale = 1, positive = false, grid, type } = options;
  const draw = (shape: Shape, size: number): Tensor => {
    const data = type === 'int16' ? new Int16Array(sizeOf(shape)) : new Float32Array(sizeOf(shape));
    for (let i = 0; i < data.length; i++) {
      const value = random.normal() * size;
      data[i] = grid ? Math.round(value / grid) * grid : positive ? Math.abs(value) + 0.01 : value;
    }
    return { shape, data };
  };
  const names = [...shapes.map((_, i) => `x${i}`), ...constants.map((shape, i) => (shape ? `c${i}` : ''))];
  return {
    title: `${op}: ${title}`,
    inputs: shapes.map((shape) => draw(shape, scale)),
    graph: {
      inputs: shapes.map((shape, i) => ({ name: `x${i}`, shape, type: type ?? 'float32' })),
      nodes: [{ name: op, op, inputs: names, outputs: Array.from({ length: outputs }, (_, i) => `y${i}`), attributes }],
      constants: new Map(
        constants.flatMap((shape, i) => {
          if (!shape) return [];
          const fanIn = shape.length > 1 ? sizeOf(shape.slice(0, -1)) : 4;
          const tensor = {
            shape,
            data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal() / Math.sqrt(fanIn)),
          };
          return [[`c${i}`, tensor] as const];
        }),
      ),
      outputs: Array.from({ length: outputs }, (_, i) => `y${i}`),
    },
  };
}

const conv1 = (title: string, x: Shape, w: Shape, attributes: Attributes = {}, bias = true): OpCase =>
  opCase('conv', title, [x], { attributes, constants: [w, bias ? [w.at(-1)!] : null] });

/** `alpha` and `beta` other than the defaults, so that a kernel which leaves them alone is seen. */
const parameters: Partial<Record<ActivationName, Attributes>> = {
  leakyRelu: { alpha: 0.2 },
  elu: { alpha: 0.7 },
  hardSigmoid: { alpha: 0.3, beta: 0.4 },
  clip: { alpha: -0.5, beta: 0.8 },
};
const ofPositive: readonly string[] = ['log', 'sqrt'];
const ofWhole: readonly string[] = ['greater', 'greaterOrEqual', 'equal', 'mask'];

const unaryCases = activationNames.map((kind) =>
  opCase('unary', kind, [[3, 5, 7]], {
    attributes: { kind, ...parameters[kind] },
    scale: 3,
    positive: ofPositive.includes(kind),
  }),
);

/** Every activation that a kernel may apply to its result, on every op that has one. */
const fusedCases = fusedActivations.flatMap((activation) => {
  const attributes: Attributes = { activation, ...parameters[activation] };
  return [
    conv1(`then ${activation}`, [2, 5, 6], [3, 6, 7], { ...attributes, pads: [2, 0] }),
    opCase('dense', `then ${activation}`, [[2, 5, 6]], { constants: [[6, 9], [9]], attributes, scale: 3 }),
    opCase('convTranspose', `then ${activation}`, [[2, 4, 6]], {
      constants: [[2, 6, 5], [5]],
      attributes: { ...attributes, strides: [2] },
      scale: 3,
    }),
    opCase('binary', `add, then ${activation}`, twice([2, 5, 6]), {
      attributes: { ...attributes, kind: 'add' },
      scale: 2,
    }),
  ];
});

/** Every kind on operands of one shape, and on operands that are both repeated. */
const binaryCases = Object.keys(binaryKinds).flatMap((kind) => {
  const options: CaseOptions = {
    attributes: { kind },
    positive: kind === 'power',
    // So that some of them are equal, and some 0.
    ...(ofWhole.includes(kind) ? { grid: 1 } : {}),
  };
  const sides: readonly Shape[] = [
    [2, 5, 1, 6],
    [1, 5, 4, 1],
  ];
  return [opCase('binary', kind, twice([2, 5, 6]), options), opCase('binary', `${kind}, repeated`, sides, options)];
});

const reduceCases = (['mean', 'sum', 'max', 'min'] as const).flatMap((kind) => [
  opCase('reduce', `${kind} over frequency`, [[2, 5, 7, 6]], { attributes: { kind, axes: [2], keepAxes: 0 } }),
  opCase('reduce', `${kind} over many`, [[2, 3, 301]], { attributes: { kind, axes: [2] } }),
  opCase('reduce', `${kind} over time`, [[2, 9, 5]], { attributes: { kind, axes: [1] } }),
]);

export const opCases: readonly OpCase[] = [
  // conv, one axis
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
  residualCase(),
  // conv, two axes
  conv1('2-D, one channel in', [2, 8, 16, 1], [3, 3, 1, 8], { pads: [2, 0, 1, 1], activation: 'relu' }),
  conv1('2-D, frequency stride 2', [2, 8, 16, 4], [3, 3, 4, 6], { strides: [1, 2], pads: [2, 0, 1, 1] }),
  conv1('2-D, both strides', [1, 12, 17, 3], [4, 5, 3, 5], { strides: [2, 2], pads: [2, 0, 2, 2] }),
  conv1('2-D, depthwise', [2, 6, 9, 8], [3, 3, 1, 8], { groups: 8, pads: [2, 0, 1, 1], activation: 'relu' }),
  conv1('2-D, dilated, not causal', [1, 11, 9, 2], [3, 3, 2, 4], { dilations: [2, 1], pads: [2, 2, 0, 0] }),
  // dense
  opCase('dense', 'one row', [[1, 1, 5]], { constants: [[5, 3], [3]] }),
  opCase('dense', 'batch 7, odd sizes, relu', [[7, 3, 33]], {
    constants: [[33, 65], [65]],
    attributes: { activation: 'relu' },
  }),
  opCase('dense', 'rank 2, no bias', [[5, 12]], { constants: [[12, 4], null] }),
  opCase('dense', 'rank 4', [[2, 3, 4, 6]], { constants: [[6, 10], [10]], attributes: { activation: 'tanh' } }),
  // gru
  ...[1, 3, 8, 17, 64, 96, 128].map((hidden) =>
    gruCase(`hidden ${hidden}`, hidden === 17 ? 7 : 2, 5, hidden + 3, hidden),
  ),
  gruCase('time 1, batch 1', 1, 1, 6, 8),
  gruCase('wider than on-chip memory', 1, 3, 40, 256),
  gruCase('reverse', 2, 6, 5, 8, { direction: 'reverse' }),
  gruCase('a first state', 2, 6, 5, 8, {}, true),
  // lstm
  lstmCase('hidden 8', 2, 8, 5, 8),
  lstmCase('hidden 17, batch 7', 7, 5, 9, 17),
  lstmCase('hidden 64, time 1, batch 1', 1, 1, 40, 64),
  lstmCase('hidden 128', 2, 4, 64, 128),
  lstmCase('reverse', 2, 6, 5, 8, { direction: 'reverse' }),
  lstmCase('first states, the last cell too', 3, 6, 5, 8, {}, true),
  // convTranspose
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
  // matmul
  opCase('matmul', 'two inputs, batch 7', [
    [7, 3, 5],
    [7, 5, 9],
  ]),
  opCase('matmul', 'attention, time kept apart', [
    [2, 4, 3, 5],
    [2, 4, 5, 3],
  ]),
  opCase('matmul', 'one matrix for all', [
    [2, 4, 33, 17],
    [17, 31],
  ]),
  opCase('matmul', 'both sides repeated', [
    [3, 1, 4, 5],
    [1, 2, 5, 6],
  ]),
  opCase('matmul', 'a constant', [[2, 8, 3]], { constants: [[3, 4]] }),
  // normalise
  opCase('normalise', 'layer', [[3, 8, 37]], { constants: [[37], [37]], attributes: { axes: [-1] } }),
  opCase('normalise', 'layer, nothing but the unit', [[1, 1, 6]], { attributes: { axes: [-1], epsilon: 0.01 } }),
  opCase('normalise', 'layer over frequency and channels', [[2, 4, 5, 6]], { attributes: { axes: [2, 3] } }),
  opCase('normalise', 'instance over time', [[3, 9, 5]], { constants: [[5], [5]], attributes: { axes: [1] } }),
  opCase('normalise', 'instance over time and frequency, no bias', [[2, 5, 6, 7]], {
    constants: [[7], null],
    attributes: { axes: [1, 2] },
  }),
  // pool
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
  // reduce
  ...reduceCases,
  opCase('reduce', 'to a number without axes', [[2, 3, 5]], {
    attributes: { kind: 'sum', axes: [0, 1, 2], keepAxes: 0 },
  }),
  opCase('reduce', 'mean over the last axis, kept', [[2, 5, 7]], { attributes: { kind: 'mean', axes: [-1] } }),
  opCase('reduce', 'mean over time and frequency', [[3, 5, 7, 6]], {
    attributes: { kind: 'mean', axes: [1, 2], keepAxes: 0 },
  }),
  // softmax
  opCase('softmax', 'three classes', [[7, 5, 3]], { scale: 4 }),
  opCase('softmax', 'one class, time 1', [[1, 1, 1]]),
  opCase('softmax', 'large logits', [[2, 3, 5]], { scale: 200 }),
  opCase('softmax', 'logarithm', [[2, 3, 70]], { attributes: { log: 1 }, scale: 4 }),
  // elementwise
  ...unaryCases,
  opCase('unary', 'round of halves', [[2, 3, 7]], { attributes: { kind: 'round' }, scale: 4, grid: 0.5 }),
  opCase('unary', 'sin of large numbers', [[2, 3, 7]], { attributes: { kind: 'sin' }, scale: 100 }),
  opCase('unary', 'a number without axes', [[]], { attributes: { kind: 'exp' } }),
  opCase('unary', 'tanh of large numbers', [[2, 3, 7]], { attributes: { kind: 'tanh' }, scale: 300 }),
  ...binaryCases,
  opCase('binary', 'numbers without axes', [[], []], { attributes: { kind: 'subtract' } }),
  opCase('binary', 'a number without axes, repeated', [[], [2, 3, 5]], { attributes: { kind: 'divide' } }),
  powerCase(),
  ...fusedCases,
  opCase('binary', 'add, a constant per channel', [[3, 5, 7]], {
    constants: [[7]],
    attributes: { kind: 'add', activation: 'relu' },
  }),
  opCase(
    'binary',
    'multiply, broadcast in the middle',
    [
      [3, 5, 4, 6],
      [3, 1, 4, 1],
    ],
    { attributes: { kind: 'multiply' } },
  ),
  opCase(
    'binary',
    'both sides repeated',
    [
      [2, 1, 6],
      [1, 5, 1],
    ],
    { attributes: { kind: 'add' } },
  ),
  // movement
  opCase('reshape', 'to a number without axes', [[1, 1]], { attributes: { shape: [] } }),
  opCase('reshape', 'from a number without axes', [[]], { attributes: { shape: [1, 1] } }),
  opCase('reshape', 'frequency into channels', [[2, 3, 4, 5]], { attributes: { shape: [0, 0, -1] } }),
  opCase('transpose', 'rank 3', [[2, 5, 7]], { attributes: { permutation: [0, 2, 1] } }),
  opCase('transpose', 'rank 4, time kept', [[2, 3, 4, 5]], { attributes: { permutation: [0, 1, 3, 2] } }),
  opCase('slice', 'the middle of time', [[2, 9, 5]], { attributes: { axes: [1], starts: [2], ends: [-3] } }),
  opCase('slice', 'every second channel, backwards', [[2, 4, 7]], {
    attributes: { axes: [2], starts: [-1], ends: [-100], steps: [-2] },
  }),
  opCase('slice', 'two axes, an end beyond', [[3, 8, 6, 5]], {
    attributes: { axes: [2, -1], starts: [1, 0], ends: [100, 4], steps: [2, 1] },
  }),
  opCase('pad', 'constant, every axis', [[2, 3, 5]], { attributes: { pads: [0, 1, 2, 0, 1, 3], value: -1.5 } }),
  opCase('pad', 'reflect', [[2, 6, 5]], { attributes: { pads: [0, 0, 5, 3, 0, 0], mode: 'reflect' } }),
  opCase('pad', 'edge, behind time', [[2, 8, 4, 3]], { attributes: { pads: [0, 0, 0, 0, 2, 1, 0, 0], mode: 'edge' } }),
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
  opCase('gather', 'channels, one twice', [[2, 8, 5]], { attributes: { axis: -1, indices: [4, 0, 0, -2] } }),
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
  opCase('repeat', 'each, time and frequency', [[2, 8, 3, 4]], { attributes: { repeats: [1, 2, 3, 1] } }),
  opCase('repeat', 'whole, channels', [[2, 8, 3]], { attributes: { repeats: [1, 1, 2], order: 'whole' } }),
  // features
  opCase('logmel', 'one step', [[1, 1024]], { type: 'int16', scale: 3000 }),
  opCase('logmel', 'two steps, batch 3, quiet', [[3, 2048]], { type: 'int16', scale: 20 }),
  opCase('logmel', 'frames of four hops, other bands and rate', [[2, 640]], {
    attributes: { frame: 256, hop: 64, bands: 20, sampleRate: 8000 },
    type: 'int16',
    scale: 3000,
  }),
];

function twice(shape: Shape): readonly Shape[] {
  return [shape, shape];
}

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

/** Inputs x, w, bias, residual: the one op whose constants stand between its inputs. */
function residualCase(): OpCase {
  const base = opCase(
    'conv',
    'residual before activation',
    [
      [2, 9, 6],
      [2, 9, 4],
    ],
    {
      attributes: { pads: [2, 0], activation: 'relu' },
      constants: [[3, 6, 4], [4]],
    },
  );
  const node = { ...base.graph.nodes[0], inputs: ['x0', 'c0', 'c1', 'x1'] };
  return { ...base, graph: { ...base.graph, nodes: [node] } };
}

/** Bases on both sides of 0, and exponents for which that is a number. */
function powerCase(): OpCase {
  const base = opCase('binary', 'power, whole exponents of negative bases', [[2, 4, 6]], {
    constants: [[6]],
    attributes: { kind: 'power' },
  });
  const exponents = { shape: [6], data: Float32Array.of(2, 0, 3, -1, 1, -2) };
  return { ...base, graph: { ...base.graph, constants: new Map([['c0', exponents]]) } };
}
