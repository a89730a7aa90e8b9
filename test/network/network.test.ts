import ort from 'onnxruntime-node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { close, parity } from '../../src/backends/tolerances.ts';
import { writeModel } from '../../src/models/model-file.ts';
import { ArgumentError, ConversionError, DisposedError, Network, type NetworkInputs } from '../../src/network/index.ts';
import { lower } from '../../src/onnx/lowered.ts';
import { buildOnnx, ints, random, scalar, type TestModel, types } from '../onnx/build.ts';
import { chain } from '../onnx/case.ts';
import { assertClose } from '../support/parity.ts';
import { seeded } from '../support/random.ts';

const draw = (length: number, seed: string): Float32Array => {
  const source = seeded(seed);
  return Float32Array.from({ length }, () => source.normal());
};

/** Two inputs, two outputs, causal: a convolution along time, and a product with what every step is given. */
const causal: TestModel = chain(
  '',
  { x: ['batch', 'time', 5], gain: ['batch', 'time', 3] },
  [
    ['Transpose', 'x', 't', { perm: [0, 2, 1] }],
    ['Conv', 't w b', 'c', { pads: [2, 0] }],
    ['Transpose', 'c', 'u', { perm: [0, 2, 1] }],
    ['Mul', 'u gain', 'y'],
    ['ReduceMax', 'y', 'largest', { axes: [2], keepdims: 0 }],
  ],
  { w: random([3, 5, 3]), b: random([3]) },
  { outputs: ['y', 'largest'] },
);
/** Takes its state and gives it back. */
const stateful: TestModel = chain(
  '',
  { x: ['n', 4], state: ['m', 4] },
  [
    ['Mul', 'state half', 's'],
    ['Add', 's x', 'stateN'],
    ['Tanh', 'stateN', 'y'],
  ],
  { half: scalar(0.5) },
  { outputs: ['y', 'stateN'] },
);
const branch = (op: string): { graph: TestModel } => ({
  graph: chain('', {}, [[op, 'x', 'z']], {}, { outputs: ['z'] }),
});
/** The form depends on the rate, and on the number of frames. */
const branching: TestModel = {
  ...chain(
    '',
    { x: ['batch', 'time'], sr: [] },
    [
      ['Equal', 'sr rate', 'is'],
      ['If', 'is', 'a', { then_branch: branch('Exp'), else_branch: branch('Neg') }],
      ['Shape', 'x', 's'],
      ['Gather', 's one', 'length'],
      ['Equal', 'length four', 'short'],
      [
        'If',
        'short',
        'y',
        {
          then_branch: branch('Relu'),
          else_branch: { graph: chain('', {}, [['ReduceSum', 'a', 'z', { keepdims: 0 }]], {}, { outputs: ['z'] }) },
        },
      ],
    ],
    { rate: ints([16000], []), one: ints([1], []), four: ints([4], []) },
    { outputs: ['y'] },
  ),
  types: { sr: types.int64 },
};

async function expected(model: TestModel, feeds: Record<string, ort.Tensor>): Promise<Record<string, ort.Tensor>> {
  const session = await ort.InferenceSession.create(buildOnnx(model), { logSeverityLevel: 4 });
  return (await session.run(feeds)) as Record<string, ort.Tensor>;
}

for (const device of ['cpu', 'gpu.js'] as const) {
  test(`${device}: several inputs and outputs, from ONNX and from a model file, equal onnxruntime's`, async () => {
    const [x, gain] = [draw(2 * 7 * 5, 'x'), draw(2 * 7 * 3, 'g')];
    const wanted = await expected(causal, {
      x: new ort.Tensor('float32', x, [2, 7, 5]),
      gain: new ort.Tensor('float32', gain, [2, 7, 3]),
    });
    const stored = { name: 'causal', version: 1, labels: [], training: '{}', conversion: '{}' };
    const file = writeModel({ ...stored, graph: lower(buildOnnx(causal), 'causal.onnx') });
    for (const bytes of [buildOnnx(causal), file]) {
      const network = await Network.open(bytes, { device });
      assert.is(network.device.backend, device);
      assert.equal(network.inputs, [
        { name: 'x', shape: ['batch', 'time', 5] },
        { name: 'gain', shape: ['batch', 'time', 3] },
      ]);
      assert.equal(network.outputs, [
        { name: 'y', shape: ['batch', 'time', 3] },
        { name: 'largest', shape: ['batch', 'time'] },
      ]);
      const outputs = await network.run({ gain, x: { data: x, shape: [2, 7, 5] } });
      assert.equal(Object.keys(outputs), ['y', 'largest']);
      for (const [name, { data, shape }] of Object.entries(outputs)) {
        assert.equal([...shape], [...wanted[name].dims]);
        assertClose(data, wanted[name].data as Float32Array, parity, name);
      }
      await network.dispose();
    }
  });
}

test('runs that wait together are joined, and come out as each alone', async () => {
  const network = await Network.open(buildOnnx(causal), { device: 'cpu' });
  const calls = Array.from({ length: 23 }, (_, i): NetworkInputs => {
    const [batch, time] = [1 + (i % 3), 4 + (i % 2)];
    return {
      x: { data: draw(batch * time * 5, `x${i}`), shape: [batch, time, 5] },
      gain: { data: draw(batch * time * 3, `g${i}`), shape: [batch, time, 3] },
    };
  });
  const together = await Promise.all(calls.map((inputs) => network.run(inputs)));
  for (const [i, inputs] of calls.entries()) {
    const alone = await network.run(inputs);
    for (const name of ['y', 'largest']) {
      assert.equal(together[i][name].shape, alone[name].shape);
      assertClose(together[i][name].data, alone[name].data, close, `${name} of call ${i}`);
    }
  }
  await network.dispose();
});

test('a stream of a causal network equals the whole, whatever its stretches', async () => {
  const network = await Network.open(buildOnnx(causal), { device: 'cpu' });
  const [x, gain] = [draw(20 * 5, 'x'), draw(20 * 3, 'g')];
  const whole = await network.run({ x, gain });
  const stream = network.stream();
  for (let turn = 0; turn < 2; turn++) {
    let at = 0;
    for (const length of [1, 4, 7, 8]) {
      const part = await stream.run({
        x: x.subarray(5 * at, 5 * (at + length)),
        gain: gain.subarray(3 * at, 3 * (at + length)),
      });
      assertClose(part.y.data, whole.y.data.subarray(3 * at, 3 * (at + length)), close, `from ${at}`);
      at += length;
    }
    stream.reset();
  }
  await network.dispose();
});

test('a stream feeds outputs back as inputs, which begin as zeros', async () => {
  const network = await Network.open(buildOnnx(stateful), { device: 'cpu' });
  const stream = network.stream({ carry: { state: 'stateN' } });
  const state = new Float32Array(8);
  for (let i = 0; i < 3; i++) {
    const x = draw(8, `x${i}`);
    const { y, stateN } = await stream.run({ x });
    x.forEach((value, at) => (state[at] = 0.5 * state[at] + value));
    assertClose(stateN.data, state, close, 'state');
    assertClose(y.data, state.map(Math.tanh), close, 'y');
  }
  assert.throws(() => network.stream({ carry: { h: 'y' } }), /carry: got "h", but it must be an input: x, state/);
  assert.throws(() => network.stream({ carry: { state: 'h' } }), /carry\.state: got "h", but it must be an output/);
  await network.dispose();
});

test('a network whose form depends on sizes and whole numbers is made for each', async () => {
  const network = await Network.open(buildOnnx(branching), { device: 'cpu' });
  assert.equal(network.inputs[1], { name: 'sr', shape: [] });
  for (const [time, sr] of [
    [4, 16000],
    [5, 16000],
    [5, 8000],
    [4, 8000],
  ]) {
    const x = draw(2 * time, 'x');
    const wanted = await expected(branching, {
      x: new ort.Tensor('float32', x, [2, time]),
      sr: new ort.Tensor('int64', BigInt64Array.of(BigInt(sr)), []),
    });
    const { y } = await network.run({ x: { data: x, shape: [2, time] }, sr: [sr] });
    assert.equal([...y.shape], [...wanted.y.dims]);
    assertClose(y.data, wanted.y.data as Float32Array, parity, `${time} ${sr}`);
  }
  const fixed = await Network.open(buildOnnx(branching), { device: 'cpu', inputs: { sr: 16000 }, dims: { time: 4 } });
  assert.equal(fixed.inputs, [{ name: 'x', shape: ['batch', 4] }]);
  await network.dispose();
  await fixed.dispose();
});

test('what does not fit is told by name', async () => {
  const network = await Network.open(buildOnnx(causal), { device: 'cpu' });
  const refused = async (inputs: unknown, message: RegExp): Promise<void> => {
    try {
      await network.run(inputs as NetworkInputs);
    } catch (error) {
      assert.instance(error, ArgumentError);
      assert.match((error as Error).message, message);
      return;
    }
    assert.unreachable();
  };
  const [x, gain] = [draw(20, 'x'), draw(12, 'g')];
  await refused({ x, gain, y: x }, /inputs: got "y", but it must be among the inputs of the network: x, gain/);
  await refused({ x }, /inputs\.gain: got undefined, but it must be numbers in a typed array/);
  await refused(
    { x: draw(21, 'x'), gain },
    /inputs\.x: got 21 numbers, but it must be as many as fill \[batch, time, 5\]/,
  );
  await refused({ x: { data: x, shape: [4, 5] }, gain }, /inputs\.x: got shape \[4, 5\], but it must be of shape/);
  await refused(
    { x: { data: x, shape: [2, 2, 5] }, gain: { data: gain, shape: [1, 4, 3] } },
    /inputs\.gain: got shape/,
  );
  await refused({ x: { data: x, shape: [1, 3, 5] }, gain }, /inputs\.x: got 20 numbers for \[1, 3, 5\]/);
  await refused(undefined, /inputs: got undefined/);
  const waiting = network.run({ x, gain });
  await network.dispose();
  await waiting.catch((error) => assert.instance(error, DisposedError));
  await network.run({ x, gain }).then(
    () => assert.unreachable(),
    (error) => assert.instance(error, DisposedError),
  );
});

test('what is no network, or can not be streamed, is refused', async () => {
  for (const [bytes, message] of [
    [buildOnnx(chain('', { x: [2, 3] }, [['Quantum', 'x', 'y']])), /data: these ops are not supported: Quantum/],
    [new Uint8Array(10), /data: it is no ONNX/],
  ] as const)
    await Network.open(bytes, { device: 'cpu' }).then(
      () => assert.unreachable(),
      (error) => (assert.instance(error, ConversionError), assert.match(error.message, message)),
    );
  const ahead = await Network.open(
    buildOnnx(chain('', { x: ['batch', 'time', 4] }, [['ReduceMean', 'x', 'y', { axes: [1] }]])),
    {
      device: 'cpu',
    },
  );
  assert.throws(() => ahead.stream(), /"ReduceMean0" \(reduce\) would have to look ahead; .*`carry`/);
  await ahead.dispose();
});

test.run();
