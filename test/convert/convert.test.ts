import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decide, possibleResults } from '../../src/answers/decision.ts';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { main } from '../../src/cli/program.ts';
import { convert } from '../../src/convert/convert.ts';
import { parseMetadata } from '../../src/convert/metadata.ts';
import { openOriginal } from '../../src/convert/original.ts';
import { verify } from '../../src/convert/verify.ts';
import { Engine } from '../../src/engine.ts';
import { ArgumentError, ConversionError } from '../../src/errors.ts';
import { planGraph } from '../../src/graph/plan.ts';
import { contractBreaches } from '../../src/models/contract.ts';
import { loadModel, readModelFile, writeModel } from '../../src/models/model-file.ts';
import { lower } from '../../src/onnx/lowered.ts';
import { buildOnnx, ints, random, type TestModel } from '../onnx/build.ts';
import { chain, single } from '../onnx/case.ts';

const folder = mkdtempSync(join(tmpdir(), 'convert-'));
test.after(() => rmSync(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);

/** A small network of the shape that the real ones have: [batch, time, 8] to [batch, time / 4, 2]. */
const network = (seed = 'n'): TestModel =>
  chain(
    '',
    { logmel: ['batch', 'time', 8] },
    [
      ['Unsqueeze', 'logmel one', 'image'],
      ['Conv', 'image w1 b1', 'c1', { pads: [1, 1, 0, 1], strides: [2, 2], kernel_shape: [3, 3] }],
      ['Relu', 'c1', 'r1'],
      ['Pad', 'r1 p', 'p1'],
      ['Conv', 'p1 w2', 'c2', { strides: [2, 1], kernel_shape: [2, 4] }],
      ['BatchNormalization', 'c2 g be m v', 'n2'],
      ['Squeeze', 'n2 three', 's2'],
      ['Transpose', 's2', 't2', { perm: [2, 0, 1] }],
      ['GRU', 't2 w r bias', 'g2', { hidden_size: 6, linear_before_reset: 1 }],
      ['Squeeze', 'g2 one', 'h2'],
      ['Transpose', 'h2', 'h3', { perm: [1, 0, 2] }],
      ['MatMul', 'h3 d', 'l'],
      ['Add', 'l db', 'logits'],
      ['Softmax', 'logits', 'probabilities', { axis: -1 }],
    ],
    {
      one: ints([1]),
      three: ints([3]),
      p: ints([0, 0, 0, 0, 0, 0, 0, 0]),
      w1: random([3, 1, 3, 3], seed),
      b1: random([3], seed),
      w2: random([5, 3, 2, 4], seed),
      g: random([5], `${seed}g`),
      be: random([5], seed),
      m: random([5], `${seed}m`),
      v: { ...random([5]), raw_data: new Uint8Array(Float32Array.from([1, 2, 0.5, 3, 1]).buffer) },
      w: random([1, 18, 5], seed),
      r: random([1, 18, 6], seed),
      bias: random([1, 36], seed, 0.2),
      d: random([6, 2], seed),
      db: random([2], seed),
    },
    { outputs: ['probabilities'] },
  );

const meta = {
  name: 'tiny',
  version: 2,
  labels: ['low', 'high'],
  sampleRate: 16000,
  features: { kind: 'logmel', frame: 512, hop: 256, bands: 8 },
  framesPerStep: 4,
  receptiveField: 3,
  unknownCutoff: 0.1,
  warmupWeights: [0.5],
  training: { seed: 1 },
};
writeFileSync(path('net.onnx'), buildOnnx(network()));
writeFileSync(path('meta.json'), JSON.stringify(meta));

/** A command line within this process. */
async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { stdout: '', stderr: '' };
  const restore = (['stdout', 'stderr'] as const).map((name) => {
    const { write } = process[name];
    process[name].write = (text: string | Uint8Array) => ((written[name] += text), true);
    return () => (process[name].write = write);
  });
  try {
    return { code: await main(argv), out: written.stdout, err: written.stderr };
  } finally {
    for (const each of restore) each();
  }
}

test('a network of the real shape becomes a small streamable graph, proved and stored', async () => {
  const { code, out, err } = await run('convert', path('net.onnx'), path('net.model'), '--meta', path('meta.json'));
  assert.is(code, 0, err);
  assert.match(out, /probabilities: within [\d.]+e-\d+ of onnxruntime-node .* on the reference backend/);
  const model = await loadModel(path('net.model'));
  assert.equal(model.labels, ['low', 'high']);
  assert.is(model.training, '{"seed":1}');
  assert.equal(
    model.graph.nodes.map(({ op }) => op),
    ['reshape', 'conv', 'reshape', 'conv', 'gru', 'dense', 'softmax'],
  );
  assert.ok(planGraph(model.graph, { batch: 1, time: 8 }).streamable);
  const conversion = JSON.parse(model.conversion);
  assert.ok(conversion.verified && conversion.deviations.reference.probabilities < 1e-4 && conversion.cases >= 12);
  assert.equal(readdirSync(folder).sort(), ['meta.json', 'net.model', 'net.onnx']);
});

test('--no-verify is told and stored', async () => {
  const { code, err } = await run(
    'convert',
    path('net.onnx'),
    path('blind.model'),
    '--meta',
    path('meta.json'),
    '--no-verify',
  );
  assert.is(code, 0);
  assert.match(err, /not compared with the original/);
  assert.is(JSON.parse((await loadModel(path('blind.model'))).conversion).verified, false);
});

test('--quantize stores fewer bits and says what that costs', async () => {
  for (const [type, encoding] of [
    ['f16', 'float16'],
    ['int8', 'int8'],
  ] as const) {
    const { code, out } = await run(
      'convert',
      path('net.onnx'),
      path('small.model'),
      '--meta',
      path('meta.json'),
      '--quantize',
      type,
    );
    assert.is(code, 0);
    assert.match(out, /as stored: probabilities departs from it by up to .* on the reference backend/);
    const { encodings } = readModelFile(readFileSync(path('small.model')));
    assert.ok([...encodings.values()].includes(encoding));
  }
  assert.is((await run('convert', path('net.onnx'), path('x.model'), '--quantize', 'int4')).code, 2);
});

/** A WAV of half a second: a tone of this many Hz, int16 at 16 kHz. */
function tone(hertz: number): Uint8Array {
  const samples = Int16Array.from({ length: 8000 }, (_, i) => 8000 * Math.sin((2 * Math.PI * hertz * i) / 16000));
  const head = Buffer.alloc(44);
  head.write('RIFF');
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write('WAVEfmt ', 8);
  [16, 1 | (1 << 16), 16000, 32000, 2 | (16 << 16)].forEach((word, i) => head.writeUInt32LE(word, 16 + 4 * i));
  head.write('data', 36);
  head.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer)]);
}

test('--evaluate says what quantization costs on labelled clips', async () => {
  for (const hertz of [100, 200, 3000, 4000]) writeFileSync(path(`${hertz}.wav`), tone(hertz));
  writeFileSync(
    path('list.tsv'),
    'file\tpitch\n100.wav\tlow\n200.wav\tlow\n3000.wav\thigh\n4000.wav\thigh\nnothing.wav\t\n',
  );
  const { code, out, err } = await run(
    'convert',
    path('net.onnx'),
    path('small.model'),
    '--meta',
    path('meta.json'),
    '--quantize',
    'int8',
    '--no-verify',
    '--evaluate',
    path('list.tsv'),
  );
  assert.is(code, 0, err);
  assert.match(out, /evaluated: balanced accuracy 0\.\d{4} in float32, 0\.\d{4} as stored; \d of 4 clips changed/);
  assert.match(
    (
      await run(
        'convert',
        path('net.onnx'),
        path('x.model'),
        '--meta',
        path('meta.json'),
        '--no-verify',
        '--evaluate',
        path('meta.json'),
      )
    ).err,
    /--evaluate: got .* no column "file"/,
  );
  for (const file of ['100.wav', '200.wav', '3000.wav', '4000.wav', 'list.tsv']) rmSync(path(file));
});

test('nothing is written on an error, and the old file stays', async () => {
  writeFileSync(path('bad.onnx'), buildOnnx(single('Quantum', '', ['batch', 'time', 8])));
  writeFileSync(path('kept.model'), 'old');
  const before = readdirSync(folder);
  const { code, err } = await run('convert', path('bad.onnx'), path('kept.model'), '--meta', path('meta.json'));
  assert.is(code, 1);
  assert.match(err, /bad\.onnx: these ops are not supported: Quantum/);
  assert.is(readFileSync(path('kept.model'), 'utf8'), 'old');
  assert.equal(readdirSync(folder), before);
});

test('wrong usage, a missing file, a meta file that is none', async () => {
  assert.is((await run('convert')).code, 2);
  assert.is((await run('convert', 'a', 'b', '--sideways')).code, 2);
  assert.match((await run('convert', path('none.onnx'), path('x.model'))).err, /no such file/);
  assert.match(
    (await run('convert', path('net.onnx'), path('x.model'), '--meta', path('net.onnx'))).err,
    /--meta: got .*must be a JSON file/,
  );
  assert.is((await run('convert', '--help')).code, 0);
});

test('meta files: each field is checked by name', () => {
  const refused = (change: object, pattern: RegExp) =>
    assert.throws(
      () => parseMetadata({ ...meta, ...change }),
      (error: Error) => error instanceof ArgumentError && pattern.test(error.message),
    );
  assert.is(parseMetadata(meta).unknownCutoff, 0.1);
  assert.equal(parseMetadata({ ...meta, warmupWeights: undefined, training: undefined }).warmupWeights, []);
  refused({ name: '' }, /meta\.name: got ""/);
  refused({ version: 1.5 }, /meta\.version: got 1\.5/);
  refused({ labels: ['one', 2] }, /meta\.labels\[1\]: got 2/);
  refused({ labels: ['one', 'one'] }, /labels/);
  refused({ sampleRate: '16k' }, /meta\.sampleRate/);
  refused({ features: { ...meta.features, kind: 'mfcc' } }, /meta\.features\.kind/);
  refused({ features: { ...meta.features, window: 'hann' } }, /meta\.features\.window: .*there is no such field/);
  refused({ unknownCutoff: 2 }, /meta\.unknownCutoff/);
  refused({ cutoff: 0.1 }, /meta\.cutoff: .*there is no such field/);
  assert.throws(
    () => parseMetadata(null),
    (error: Error) => error instanceof ArgumentError,
  );
});

test('what an engine could not listen with is told', async () => {
  const { network: stored } = await convert(path('net.onnx'), { metadata: parseMetadata(meta), verify: false });
  const breaches = (change: object): string =>
    contractBreaches(stored.graph, { ...parseMetadata(meta), ...change }).join('; ');
  assert.is(breaches({}), '');
  assert.match(breaches({ labels: ['a', 'b', 'c'] }), /its output is .* where the metadata say/);
  assert.match(breaches({ framesPerStep: 2 }), /its rows are 2 x 256 samples apart \(32 ms\), not 1024 \(64 ms\)$/);
  assert.match(breaches({ sampleRate: 8000 }), /it hears 8000 Hz, not 16000/);
  assert.match(breaches({ features: { ...meta.features, frame: 400 } }), /its frames of 400 samples every 256/);
  assert.match(breaches({ features: { ...meta.features, bands: 64 } }), /its inputs are logmel \[batch, time, 8\]/);
  const ahead = {
    ...stored.graph,
    nodes: stored.graph.nodes.map((node) =>
      node.op === 'gru' ? { ...node, attributes: { direction: 'reverse' } } : node,
    ),
  };
  assert.match(contractBreaches(ahead, parseMetadata(meta)).join(), /can't be streamed, because "GRU8" \(gru\)/);
});

test('a graph that departs from the original is refused', async () => {
  const { network: stored } = await convert(path('net.onnx'), { metadata: parseMetadata(meta), verify: false });
  const constants = new Map(stored.graph.constants);
  const [name, { shape, data }] = [...constants].find(([, tensor]) => tensor.shape.length === 2)!;
  constants.set(name, { shape, data: (data as Float32Array).map((value, i) => (i === 0 ? value + 0.05 : value)) });
  const original = await openOriginal(path('net.onnx'), 'net.onnx');
  try {
    await verify({ ...stored.graph, constants }, original, 'net.onnx', { unit: 4 });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, ConversionError);
    assert.match(
      (error as Error).message,
      /output "probabilities" departs from onnxruntime-node .* by .*, more than 0\.0001; nothing was written/,
    );
  }
});

/** [batch, time, 8] to [batch, time / 4, columns] through a sigmoid. */
const sigmoidNetwork = (columns: number): TestModel =>
  chain(
    '',
    { logmel: ['batch', 'time', 8] },
    [
      ['Transpose', 'logmel', 't', { perm: [0, 2, 1] }],
      ['Conv', 't w', 'c', { strides: [4] }],
      ['Transpose', 'c', 'u', { perm: [0, 2, 1] }],
      ['Sigmoid', 'u', 'p'],
    ],
    { w: random([columns, 8, 4]) },
    { outputs: ['p'] },
  );
const sigmoidMeta = (labels: readonly string[]): string => {
  writeFileSync(path('sigmoid.json'), JSON.stringify({ ...meta, labels, gate: '' }));
  return path('sigmoid.json');
};

test('one column is a model of a class and its opposite', async () => {
  writeFileSync(path('column.onnx'), buildOnnx(sigmoidNetwork(1)));
  for (const [labels, both] of [
    [['cough'], ['cough', 'not cough']],
    [
      ['cough', 'quiet'],
      ['cough', 'quiet'],
    ],
  ]) {
    const { code, err } = await run('convert', path('column.onnx'), path('c.model'), '--meta', sigmoidMeta(labels));
    assert.is(code, 0, err);
    const model = await loadModel(path('c.model'));
    assert.equal(model.labels, both);
    assert.is(model.independent, undefined);
    const program = await new ReferenceBackend().prepare(model.graph, { batch: 2, time: 8 });
    const [p] = program.run([Float32Array.from({ length: 128 }, (_, i) => Math.sin(i))]);
    assert.is(p.length, 8);
    for (let i = 0; i < p.length; i += 2) assert.ok(p[i] > 0 && p[i] < 1 && Math.abs(p[i] + p[i + 1] - 1) < 1e-6);
  }
});

test('independent classes keep their probabilities', async () => {
  writeFileSync(path('classes.onnx'), buildOnnx(sigmoidNetwork(2)));
  const { code, err } = await run('convert', path('classes.onnx'), path('c.model'), '--meta', sigmoidMeta(['a', 'b']));
  assert.is(code, 0, err);
  const model = await loadModel(path('c.model'));
  assert.is(model.independent, true);
  const step = { level: 1, silent: false, weight: 1, index: 0, row: 0, probabilities: { tiny: [0.9, 0.8] } };
  const { results, raw } = decide([model], [], [step]);
  assert.equal(results, { tiny: { result: 'a', confidence: 0.9 } });
  assert.equal(raw, { tiny: { a: 0.9, b: 0.8 } });
  assert.equal(possibleResults(model), ['a', 'b', 'silence']);
});

test('what keeps no contract of audio is written as a plain network, with an exit code of its own', async () => {
  const { code, err } = await run('convert', path('net.onnx'), path('plain.model'));
  assert.is(code, 3);
  assert.match(err, /written as a plain network for undertone\/network, no model of audio: no meta file/);
  assert.is(readModelFile(readFileSync(path('plain.model'))).model, undefined);
  writeFileSync(path('slow.json'), JSON.stringify({ ...meta, features: { ...meta.features, hop: 128 } }));
  const slow = await run('convert', path('net.onnx'), path('plain.model'), '--meta', path('slow.json'));
  assert.is(slow.code, 3);
  assert.match(slow.err, /its rows are 4 x 128 samples apart \(32 ms\), not 1024 \(64 ms\)/);
  assert.is((await run('convert', path('net.onnx'), path('plain.model'), '--network')).code, 0);
  assert.match((await run('convert', path('plain.model'), path('x.model'))).err, /this is a model file already/);
});

test('an engine refuses by name what breaks the contract', async () => {
  const { graph } = await loadModel(path('net.model'));
  const weights = join(folder, 'weights');
  mkdirSync(weights);
  const model = { ...parseMetadata({ ...meta, gate: '' }), conversion: '{}', graph };
  for (const [change, message] of [
    [{ sampleRate: 8000 }, /tiny\.model: it hears 8000 Hz, not 16000.*the rule: /],
    [{ features: { ...model.features, hop: 128 } }, /tiny\.model: its rows are 4 x 128 samples apart/],
    [{ labels: ['a', 'b', 'c'] }, /tiny\.model: its output is/],
  ] as const) {
    writeFileSync(join(weights, 'tiny.model'), writeModel({ ...model, ...change }));
    await Engine.create({ weights, device: 'cpu', threads: 1 }).then(
      () => assert.unreachable(),
      (error: Error) => assert.match(error.message, message),
    );
  }
});

test('axes and inputs are settled on the command line', async () => {
  const bytes = buildOnnx({
    ...chain(
      '',
      { x: ['n', 'samples'], rate: [] },
      [
        ['Cast', 'rate', 'r', { to: 1 }],
        ['Mul', 'x r', 'y'],
      ],
      {},
    ),
    types: { rate: 7 },
  });
  writeFileSync(path('rate.onnx'), bytes);
  const convertWith = (...more: string[]) => run('convert', path('rate.onnx'), path('r.model'), '--network', ...more);
  const { code, err } = await convertWith('--input', 'rate=3', '--dim', 'samples=5', '--dim', 'n=2');
  assert.is(code, 0, err);
  const { graph } = readModelFile(readFileSync(path('r.model'))).network;
  assert.equal(
    graph.inputs.map(({ name, shape }) => [name, shape]),
    [['x', [2, 5]]],
  );
  assert.match((await convertWith('--dim', 'width=5')).err, /dims: got width, but it must be open axes/);
  assert.match((await convertWith('--input', 'sr=5')).err, /inputs: got "sr", but it must be an input of the network/);
});

test('what onnxruntime says when it runs is told in one line', async () => {
  // Both take any size alone; together only one that the reshape was made for.
  writeFileSync(
    path('runtime.onnx'),
    buildOnnx({ ...chain('', { x: [2, 6] }, [['Reshape', 'x s', 'y']], { s: ints([3, 4]) }), opset: 13 }),
  );
  const original = await openOriginal(path('runtime.onnx'), 'runtime.onnx');
  const graph = lower(buildOnnx(single('Relu', '', [7, 'time'])), 'relu.onnx');
  await verify(graph, original, 'runtime.onnx', { unit: 1 }).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /^runtime\.onnx: onnxruntime can't run it: /),
  );
});

test('inspect shows, tells apart and compares', async () => {
  writeFileSync(path('other.onnx'), buildOnnx(network('other')));
  await run('convert', path('net.onnx'), path('a.model'), '--meta', path('meta.json'), '--no-verify');
  await run('convert', path('other.onnx'), path('b.model'), '--meta', path('meta.json'), '--no-verify');
  const shown = await run('inspect', path('a.model'));
  assert.is(shown.code, 0);
  for (const part of [
    /tiny, version 2/,
    /low, high/,
    /sha256 [0-9a-f]{64}/,
    /multiply-adds +[\d,]+ for a second/,
    /streaming +yes, [\d,]+ bytes a stream/,
    /\[batch, time\/4, 2\]/,
    /gru +gru|GRU8 +gru/,
  ])
    assert.match(shown.out, part);
  assert.equal(await run('inspect', '--diff', path('a.model'), path('a.model')), {
    code: 0,
    out: 'no difference\n',
    err: '',
  });
  const differing = await run('inspect', '--diff', path('a.model'), path('b.model'));
  assert.is(differing.code, 1);
  assert.match(differing.out, /conversion: .* -> /);
  assert.match(differing.out, /tensor "w1" +largest change/);
  const same = await run('inspect', path('a.model'), '--compare', path('net.onnx'));
  assert.is(same.code, 0, same.err);
  assert.match(same.out, /all \d+ values that can be compared agree/);
  const departing = await run('inspect', path('a.model'), '--compare', path('other.onnx'));
  assert.is(departing.code, 1);
  assert.match(departing.err, /node "Conv1" \(conv\) is the first that departs: its value "r1"/);
  assert.is((await run('inspect')).code, 2);
  assert.match((await run('inspect', path('meta.json'))).err, /meta\.json: it is not a model file/);
  const shownNetwork = await run('inspect', path('net.onnx'));
  assert.match(shownNetwork.out, /ONNX, [\d,]+ bytes[\s\S]*GRU8 +gru +\[batch, time\/4, 6\]/);
});

test.run();
