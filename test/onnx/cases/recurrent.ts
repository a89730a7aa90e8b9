import { ints, random } from '../build.ts';
import { chain, type OnnxCase } from '../case.ts';

const recurrent = (
  op: 'GRU' | 'LSTM',
  title: string,
  options: {
    direction?: string;
    bias?: boolean;
    outputs?: string;
    first?: boolean;
    attributes?: Record<string, string | number | string[]>;
  } = {},
): OnnxCase => {
  const gates = op === 'GRU' ? 3 : 4;
  const directions = options.direction === 'bidirectional' ? 2 : 1;
  const hidden = 5;
  const first = options.first ? [' _ h', op === 'LSTM' ? ' c' : ''].join('') : '';
  const attributes = {
    hidden_size: hidden,
    ...(options.direction ? { direction: options.direction } : {}),
    ...(op === 'GRU' ? { linear_before_reset: 1 } : {}),
    ...options.attributes,
  };
  const outputs = options.outputs ?? 'y';
  return chain(
    `${op}: ${title}`,
    {
      x: ['batch', 'time', 4],
      ...(options.first
        ? { h: [directions, 'batch', hidden], ...(op === 'LSTM' ? { c: [directions, 'batch', hidden] } : {}) }
        : {}),
    },
    [
      ['Transpose', 'x', 't', { perm: [1, 0, 2] }],
      [op, `t w r ${options.bias === false ? '_' : 'b'}${first}`, outputs, attributes],
    ],
    {
      w: random([directions, gates * hidden, 4], 'w'),
      r: random([directions, gates * hidden, hidden], 'r'),
      ...(options.bias === false ? {} : { b: random([directions, 2 * gates * hidden], 'b', 0.3) }),
    },
    { outputs: outputs.split(' ').filter((name) => name !== '_') },
  );
};

export const recurrentCases: readonly OnnxCase[] = [
  ...(['GRU', 'LSTM'] as const).flatMap((op) => [
    recurrent(op, 'forward'),
    recurrent(op, 'without a bias', { bias: false }),
    recurrent(op, 'reverse', { direction: 'reverse' }),
    recurrent(op, 'both directions', { direction: 'bidirectional' }),
    recurrent(op, 'first states that are inputs', { first: true }),
    recurrent(op, 'first states, both directions', { first: true, direction: 'bidirectional' }),
    recurrent(op, 'last states', { outputs: 'y yh' }),
    recurrent(op, 'only the last state, reverse', { outputs: '_ yh', direction: 'reverse' }),
    recurrent(op, 'last states, both directions', { outputs: 'y yh', direction: 'bidirectional' }),
  ]),
  recurrent('LSTM', 'last cell', { outputs: 'y yh yc', direction: 'bidirectional' }),
  recurrent('GRU', 'activations that are the default', { attributes: { activations: ['Sigmoid', 'Tanh'] } }),
  chain(
    'GRU: as PyTorch exports it, zeros made for the batch',
    { x: ['batch', 'time', 4] },
    [
      ['Transpose', 'x', 't', { perm: [1, 0, 2] }],
      ['Shape', 't', 's'],
      ['Gather', 's one', 'b'],
      ['Unsqueeze', 'b zero', 'bb'],
      ['Concat', 'n bb h', 'shape', { axis: 0 }],
      ['ConstantOfShape', 'shape', 'h0'],
      ['GRU', 't w r bias _ h0', 'a', { hidden_size: 5, linear_before_reset: 1 }],
      ['Squeeze', 'a axis', 'c'],
      ['Transpose', 'c', 'y', { perm: [1, 0, 2] }],
    ],
    {
      one: ints([1], []),
      zero: ints([0]),
      n: ints([1]),
      h: ints([5]),
      axis: ints([1]),
      w: random([1, 15, 4], 'w'),
      r: random([1, 15, 5], 'r'),
      bias: random([1, 30], 'b'),
    },
    { nodesLeft: 1 },
  ),
  chain(
    'LSTM: both directions side by side, as PyTorch exports it',
    { x: ['batch', 'time', 4] },
    [
      ['Transpose', 'x', 't', { perm: [1, 0, 2] }],
      ['LSTM', 't w r', 'a', { hidden_size: 5, direction: 'bidirectional' }],
      ['Transpose', 'a', 'b', { perm: [0, 2, 1, 3] }],
      ['Reshape', 'b flat', 'c'],
      ['Transpose', 'c', 'y', { perm: [1, 0, 2] }],
    ],
    { flat: ints([0, 0, -1]), w: random([2, 20, 4], 'w'), r: random([2, 20, 5], 'r') },
    { nodesLeft: 3 },
  ),
];
