/** What the converter does not understand it refuses by name, and what is broken or hostile costs it little. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { filesBeside } from '../../src/convert/files.ts';
import { ConversionError } from '../../src/errors.ts';
import { lower } from '../../src/onnx/lowered.ts';
import {
  buildMessage,
  buildOnnx,
  encode,
  floats,
  ints,
  random,
  type TestAttribute,
  type TestModel,
  types,
} from './build.ts';
import { chain, single } from './case.ts';
import { mutants } from './mutants.ts';

const x = ['batch', 'time', 6];
const x1 = ['batch', 6, 'time'];

function refuses(title: string, model: TestModel | Uint8Array, ...patterns: RegExp[]): void {
  test(title, () => {
    const bytes = model instanceof Uint8Array ? model : buildOnnx(model);
    try {
      lower(bytes, 'net.onnx');
    } catch (error) {
      assert.instance(error, ConversionError);
      for (const pattern of [/^net\.onnx: /, ...patterns]) assert.match((error as Error).message, pattern);
      return;
    }
    assert.unreachable('it was accepted');
  });
}

const gru = { w: random([1, 15, 4]), r: random([1, 15, 5]) };

// Ops
refuses(
  'an op that is not known',
  single('Quantum', '', x),
  /these ops are not supported: Quantum \(1 node: "Quantum"\)\. Supported are Abs, /,
);
refuses(
  'an op of another domain',
  { inputs: { x }, nodes: [{ op: 'Relu', inputs: ['x'], domain: 'com.example' }] },
  /Relu of domain "com.example" \(1 node: "Relu"\)/,
);
refuses(
  'all unknown ops at once, also in branches, with counts',
  chain('', { x }, [
    ['Quantum', 'x', 'a'],
    ['Quantum', 'a', 'b'],
    ['If', 'b', 'y', { then_branch: { graph: chain('', {}, [['Wave', 'x', 'z']], {}, { outputs: ['z'] }) } }],
  ]),
  /Quantum \(2 nodes: "Quantum0", "Quantum1"\); Wave \(1 node: "Wave0"\)/,
);
refuses(
  'a branch that the input chooses',
  chain('', { x }, [
    ['ReduceMax', 'x', 'm', { keepdims: 0 }],
    [
      'If',
      'm',
      'y',
      {
        then_branch: { graph: chain('', {}, [['Relu', 'x', 'z']], {}, { outputs: ['z'] }) },
        else_branch: {
          graph: chain('', {}, [['ReduceMean', 'x', 'z', { axes: [2], keepdims: 0 }]], {}, { outputs: ['z'] }),
        },
      },
    ],
  ]),
  /node "If1" \(If\): its condition is only known once the input is, and output 0 is \[batch, time, 6\] or \[batch, time\] then.*--dim/,
);

// Attributes
refuses(
  'an attribute that no one has heard of',
  single('Relu', '', x, { sharpness: 3 }),
  /node "Relu" \(Relu\): attribute "sharpness" is not supported/,
);
refuses(
  'an input that the op does not know',
  { inputs: { x }, nodes: [{ op: 'Relu', inputs: ['x', 'c'] }], constants: { c: random([6]) } },
  /node "Relu" \(Relu\): input 1 is not supported/,
);
refuses(
  'an attribute of the wrong type',
  single('LeakyRelu', '', x, { alpha: 'much' }),
  /attribute "alpha" must be of type float, but is string/,
);
refuses(
  'GRU with linear_before_reset 0',
  chain('', { x: ['time', 'batch', 4] }, [['GRU', 'x w r', 'y', { hidden_size: 5 }]], gru),
  /"GRU0" \(GRU\): linear_before_reset = 0 is not supported/,
);
refuses(
  'GRU with clip',
  chain(
    '',
    { x: ['time', 'batch', 4] },
    [['GRU', 'x w r', 'y', { hidden_size: 5, linear_before_reset: 1, clip: 0.5 }]],
    gru,
  ),
  /"clip" is not supported/,
);
refuses(
  'GRU with other activations',
  chain(
    '',
    { x: ['time', 'batch', 4] },
    [['GRU', 'x w r', 'y', { hidden_size: 5, linear_before_reset: 1, activations: ['Relu', 'Tanh'] }]],
    gru,
  ),
  /activations = Relu, Tanh are not supported/,
);
refuses(
  'GRU with sequences of several lengths',
  chain(
    '',
    { x: ['time', 'batch', 4], l: ['batch'] },
    [['GRU', 'x w r _ l', 'y', { hidden_size: 5, linear_before_reset: 1 }]],
    gru,
  ),
  /sequence_lens is not supported/,
);
refuses(
  'LSTM with peepholes',
  chain('', { x: ['time', 'batch', 4] }, [['LSTM', 'x w r _ _ _ _ p', 'y', { hidden_size: 5 }]], {
    w: random([1, 20, 4]),
    r: random([1, 20, 5]),
    p: random([1, 15]),
  }),
  /peepholes/,
);
const lstm = { w: random([1, 20, 4]), r: random([1, 20, 5]) };
const sequence = { x: ['time', 'batch', 4] };
const gruWith = (attributes: Record<string, TestAttribute>): TestModel =>
  chain('', sequence, [['GRU', 'x w r', 'y', { hidden_size: 5, linear_before_reset: 1, ...attributes }]], gru);
const lstmWith = (attributes: Record<string, TestAttribute>): TestModel =>
  chain('', sequence, [['LSTM', 'x w r', 'y', { hidden_size: 5, ...attributes }]], lstm);
refuses(
  'LSTM whose forget gate is coupled',
  lstmWith({ input_forget: 1 }),
  /input_forget = 1 is not supported, only 0/,
);
test('LSTM with input_forget 0 is the plain one', () => {
  lower(buildOnnx(lstmWith({ input_forget: 0 })), 'net.onnx');
});
refuses('LSTM with clip', lstmWith({ clip: 0.5 }), /"clip" is not supported/);
refuses(
  'LSTM with other activations',
  lstmWith({ activations: ['Sigmoid', 'Tanh', 'Relu'] }),
  /activations = Sigmoid, Tanh, Relu are not supported/,
);
refuses('GRU in a direction of its own', gruWith({ direction: 'sideways' }), /direction = "sideways" is not known/);
refuses('GRU of another size than its weights', gruWith({ hidden_size: 4 }), /hidden_size = 4 does not fit R/);
for (const name of ['activation_alpha', 'activation_beta'])
  refuses(
    `GRU with ${name}`,
    gruWith({ [name]: { floats: [0.5] } }),
    new RegExp(`attribute "${name}" is not supported`),
  );
refuses(
  'MaxPool in the order of columns',
  single('MaxPool', '', x1, { kernel_shape: [2], storage_order: 1 }),
  /storage_order = 1 is not supported, only 0/,
);
refuses(
  'LayerNormalization in another precision',
  single('LayerNormalization', '', x, { stash_type: 10 }, [random([6])], { opset: 17 }),
  /stash_type = 10 is not supported, only 1/,
);
refuses(
  'Gelu of another kind',
  single('Gelu', '', x, { approximate: 'rough' }, [], { opset: 20 }),
  /"rough" is not supported/,
);
for (const name of ['antialias', 'exclude_outside'])
  refuses(
    `Resize with ${name}`,
    single('Resize', '', x1, { [name]: 1 }, [null, floats([3], [1, 1, 2])], { opset: 18 }),
    new RegExp(`${name} = 1 is not supported, only 0`),
  );
refuses(
  'MaxPool with dilations',
  single('MaxPool', '', x1, { kernel_shape: [2], dilations: [2] }),
  /dilations other than 1/,
);
refuses(
  'MaxPool that gives indices',
  single('MaxPool', '', x1, { kernel_shape: [2] }, [], { outputs: ['y', 'i'] }),
  /output 1 \("i"\) is not supported/,
);
refuses(
  'a pool rounded up over a cut window',
  single('MaxPool', '', x1, { kernel_shape: [2], strides: [2], ceil_mode: 1 }),
  /ceil_mode = 1/,
);
refuses(
  'SAME with a stride on an open axis',
  single('Conv', '', x1, { auto_pad: 'SAME_UPPER', strides: [2] }, [random([4, 6, 3])]),
  /depends on the size of the input/,
);
refuses(
  'Pad that wraps',
  single('Pad', '', x, { mode: 'wrap' }, [ints([0, 1, 0, 0, 0, 0])], { opset: 19 }),
  /mode = "wrap" is not supported/,
);
refuses(
  'BatchNormalization in training',
  single('BatchNormalization', '', x1, { training_mode: 1 }, [random([6]), random([6]), random([6]), random([6])]),
  /training_mode = 1 is not supported/,
);
refuses('a cast to half precision', single('Cast', '', x, { to: 10 }), /cast to float16/);

refuses(
  'Resize by cubic interpolation',
  single('Resize', '', ['batch', 2, 3, 4], { mode: 'cubic' }, [null, floats([4], [1, 1, 2, 2])]),
  /mode = "cubic" is not supported, only "nearest" and "linear"/,
);
refuses(
  'Resize along an open axis by a fraction',
  single('Resize', '', ['batch', 2, 3, 'time'], {}, [null, floats([4], [1, 1, 1, 1.5])]),
  /the extent of axis 3, which is interpolated or not a whole multiple, must be a fixed number/,
);

// Ranks, shapes, types
refuses(
  'Conv over three axes',
  single('Conv', '', ['batch', 2, 'time', 4, 4], {}, [random([3, 2, 1, 1, 1])]),
  /x has 5 axes/,
);
refuses(
  'Conv with a computed kernel',
  { inputs: { x: x1, w: [4, 6, 3] }, nodes: [{ op: 'Conv', inputs: ['x', 'w'] }] },
  /kernel that is computed/,
);
refuses('channels that do not fit', single('Conv', '', x1, {}, [random([4, 5, 3])]), /"Conv"/);
refuses(
  'a kernel_shape that does not fit',
  single('Conv', '', x1, { kernel_shape: [5] }, [random([4, 6, 3])]),
  /kernel_shape does not fit/,
);
refuses('shapes that do not broadcast', single('Add', '', x, {}, [random([5])]), /do not broadcast/);
refuses('a product that does not fit', single('MatMul', '', x, {}, [random([5, 4])]), /can't be multiplied/);
refuses(
  'an input of texts',
  (() => {
    const message = buildMessage(single('Relu', '', x));
    message.graph.input[0].type.tensor_type.elem_type = 8;
    return encode(message);
  })(),
  /input "x" is of type string/,
);
refuses(
  'a shape that is an input',
  { ...chain('', { x, s: [3] }, [['Reshape', 'x s', 'y']]), types: { s: types.int64 } },
  /"Reshape0" \(Reshape\): input 1 must be whole numbers that are known.*--input NAME=VALUE/,
);
refuses(
  'a tensor of texts',
  (() => {
    const message = buildMessage(single('Add', '', x, {}, [random([6])]));
    Object.assign(message.graph.initializer[0], { data_type: 8 });
    return encode(message);
  })(),
  /tensor "c0": elements of type string/,
);

// Graphs
for (const opset of [0, 25])
  refuses(
    `operator set ${opset}`,
    { ...single('Relu', '', x), opset },
    /operator set .*; versions 1 to 24 are supported/,
  );
refuses(
  'a cycle',
  {
    inputs: { x },
    nodes: [
      { op: 'Add', inputs: ['x', 'b'], outputs: ['a'] },
      { op: 'Relu', inputs: ['a'], outputs: ['b'] },
      { op: 'Relu', inputs: ['b'] },
    ],
  },
  /node "Add" \(Add\): input "b" is made by no earlier node/,
);
refuses(
  'nodes that are not in order',
  {
    inputs: { x },
    nodes: [
      { op: 'Relu', inputs: ['a'] },
      { op: 'Relu', inputs: ['x'], outputs: ['a'] },
    ],
  },
  /made by no earlier node/,
);
refuses(
  'an output that no node makes',
  { ...single('Relu', '', x), outputs: ['z'], nodes: [{ op: 'Relu', inputs: ['x'] }] },
  /output "z" is made by no node/,
);
refuses(
  'a value that is made twice',
  {
    inputs: { x },
    nodes: [
      { op: 'Relu', inputs: ['x'] },
      { op: 'Tanh', inputs: ['x'] },
    ],
  },
  /made twice/,
);
refuses(
  'no inputs',
  { inputs: {}, nodes: [{ op: 'Relu', inputs: ['c'] }], constants: { c: random([3]) } },
  /no inputs/,
);

// Sizes that lie
const lying = (fields: object): Uint8Array => {
  const message = buildMessage(single('Add', '', x, {}, [random([6])]));
  Object.assign(message.graph.initializer[0], fields);
  return encode(message);
};
refuses('a tensor larger than its bytes', lying({ dims: [1000000, 1000000] }), /tensor "c0": .* need/);
refuses('a tensor of negative extent', lying({ dims: [-6] }), /makes no sense/);
refuses('a tensor of too many axes', lying({ dims: new Array(9).fill(1) }), /9 axes are more than 8/);
refuses(
  'a constant of a billion elements',
  chain(
    '',
    { x },
    [
      ['ConstantOfShape', 's', 'a'],
      ['Exp', 'a', 'b'],
      ['Add', 'x b', 'y'],
    ],
    { s: ints([1000, 1000, 1000]) },
  ),
  /would have to be made/,
);
refuses(
  'a million million whole numbers',
  chain(
    '',
    { x },
    [
      ['ConstantOfShape', 's', 'a', { value: ints([1]) }],
      ['Reshape', 'x a', 'y'],
    ],
    { s: ints([1000000, 1000000]) },
  ),
  /too many whole numbers/,
);
refuses(
  'tiles of tiles of tiles',
  chain(
    '',
    { x },
    [
      ['Tile', 'c r', 'a'],
      ['Tile', 'a r', 'b'],
      ['Tile', 'b r', 'd'],
      ['Add', 'x d', 'y'],
    ],
    { c: random([6]), r: ints([4000]) },
  ),
  /would have to be made/,
);
refuses(
  'padding beyond measure',
  single('Pad', '', x, {}, [ints([0, 16000000, 16000000, 0, 0, 0])]),
  /a run would need/,
);
refuses(
  'a shape too long a formula',
  chain('', Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`i${i}`, ['batch', `s${i}`, 2]])), [
    ['Concat', Array.from({ length: 70 }, (_, i) => `i${i}`).join(' '), 'y', { axis: 1 }],
  ]),
  /too long a formula/,
);

// Bytes
refuses('nothing', new Uint8Array(0), /no ONNX/);
refuses('a text', new TextEncoder().encode('this is not a network\n'), /no ONNX/);
test('a file cut off anywhere', () => {
  const bytes = buildOnnx(single('Conv', '', x1, { pads: [1, 1] }, [random([4, 6, 3])]));
  for (let length = 0; length < bytes.length; length += 3)
    assert.throws(
      () => lower(bytes.subarray(0, length), 'net.onnx'),
      (error: Error) => error instanceof ConversionError,
    );
});

test('what no output needs is not looked at', () => {
  const graph = lower(
    buildOnnx(
      chain('', { x }, [
        ['Relu', 'x', 'y'],
        ['Quantum', 'x', 'z'],
      ]),
    ),
    'net.onnx',
  );
  assert.equal(
    graph.nodes.map(({ op }) => op),
    ['unary'],
  );
});

test('external data are read from beside the file, and nowhere else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
  try {
    const file = (location: string, length = 24): Uint8Array => {
      const message = buildMessage(single('Add', '', x, {}, [random([6])]));
      message.graph.initializer[0] = {
        name: 'c0',
        dims: [6],
        data_type: 1,
        data_location: 1,
        external_data: [
          { key: 'location', value: location },
          { key: 'offset', value: '8' },
          { key: 'length', value: `${length}` },
        ],
      };
      return encode(message);
    };
    writeFileSync(join(folder, 'weights.bin'), new Uint8Array(Float32Array.from([9, 9, 1, 2, 3, 4, 5, 6]).buffer));
    const graph = lower(file('weights.bin'), 'net.onnx', filesBeside(join(folder, 'net.onnx')));
    assert.equal([...graph.constants.values()][0].data, Float32Array.from([1, 2, 3, 4, 5, 6]));
    for (const location of ['../weights.bin', '/etc/passwd', '', 'a/../../b'])
      assert.throws(
        () => lower(file(location), 'net.onnx', filesBeside(join(folder, 'net.onnx'))),
        /not in the folder/,
      );
    assert.throws(() => lower(file('missing.bin'), 'net.onnx', filesBeside(join(folder, 'net.onnx'))), /can't be read/);
    assert.throws(
      () => lower(file('weights.bin', 1000), 'net.onnx', filesBeside(join(folder, 'net.onnx'))),
      /beyond the end/,
    );
    assert.equal(readdirSync(folder), ['weights.bin']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('300 mutated files: each is converted or refused, quickly', () => {
  for (const [about, bytes] of mutants(300)) {
    const start = performance.now();
    try {
      lower(bytes, 'net.onnx');
    } catch (error) {
      assert.instance(error, ConversionError, `${about}: ${(error as Error).stack}`);
    }
    assert.ok(performance.now() - start < 2000, `${about}: took ${performance.now() - start} ms`);
  }
});

test.run();
