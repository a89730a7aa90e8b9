import { copyFile, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packagedModels } from '../src/engine.ts';
import {
  type AnalysisStream,
  ArgumentError,
  type ChunkOptions,
  DisposedError,
  Engine,
  InputTooShortError,
  ModelFileError,
  type StreamResult,
  UndertoneError,
  UnknownModelError,
} from '../src/index.ts';
import { loadModel, writeModel } from '../src/models/model-file.ts';
import { tinyModel } from './models/tiny-model.ts';
import { seeded } from './support/random.ts';
import { sampleVoice } from './support/sample.ts';

const engine = await Engine.create({ device: 'cpu' });
const both = [engine.models.Speech, engine.models.Gender];
const voice = await sampleVoice();
const chunk = (options: Partial<ChunkOptions> = {}) =>
  engine.processAudioChunk({ data: voice, models: both, ...options });

async function refused(
  options: Partial<Record<keyof ChunkOptions, unknown>>,
  kind: new (...args: never[]) => Error,
  pattern: RegExp,
): Promise<void> {
  try {
    await chunk(options as Partial<ChunkOptions>);
  } catch (error) {
    assert.instance(error, kind);
    assert.instance(error, UndertoneError);
    assert.match((error as Error).message, pattern);
    return;
  }
  assert.unreachable(`accepted ${JSON.stringify(Object.keys(options))}`);
}

test('the sample is a woman speaking, and the answer has the shape, keys and order of the published one', async () => {
  const output = await chunk({ includeRawValues: true });
  assert.equal(Object.keys(output), ['results', 'raw']);
  assert.equal(Object.keys(output.results), ['gender', 'speech']);
  assert.equal(Object.keys(output.results.speech), ['result', 'confidence']);
  assert.equal(Object.keys(output.raw!.gender), ['male', 'female']);
  assert.equal(Object.keys(output.raw!.speech), ['music', 'other', 'speech']);
  assert.is(output.results.speech.result, 'speech');
  assert.is(output.results.gender.result, 'female');
});

test('raw values only on request; each model sums to 1; at most 4 decimals', async () => {
  assert.equal(Object.keys(await chunk()), ['results']);
  const { results, raw } = await chunk({ includeRawValues: true });
  for (const probabilities of Object.values(raw!)) {
    assert.ok(Math.abs(Object.values(probabilities).reduce((a, b) => a + b) - 1) < 2e-4);
    for (const value of Object.values(probabilities)) assert.is(value, Math.round(value * 1e4) / 1e4);
  }
  assert.is(results.speech.confidence, raw!.speech.speech);
  assert.ok(Math.abs(results.gender.confidence - Math.abs(raw!.gender.male - raw!.gender.female)) < 2e-4);
});

test('one model alone gives what it gives beside the other; the order asked for does not matter', async () => {
  const together = await chunk({ includeRawValues: true });
  const reversed = await chunk({ models: ['gender', 'Speech'], includeRawValues: true });
  assert.is(JSON.stringify(together), JSON.stringify(reversed));
  for (const name of ['gender', 'speech']) {
    const alone = await chunk({ models: [name], includeRawValues: true });
    assert.equal(alone.results, { [name]: together.results[name] });
    assert.equal(alone.raw, { [name]: together.raw![name] });
  }
});

test('silence: zeros, a threshold of 1, and raw values all the same', async () => {
  const silence = { result: 'silence', confidence: 1 };
  assert.equal((await chunk({ data: new Int16Array(16000) })).results, { gender: silence, speech: silence });
  const { results, raw } = await chunk({ volumeThreshold: 1, includeRawValues: true });
  assert.equal(results, { gender: silence, speech: silence });
  assert.ok(raw!.gender.female > raw!.gender.male);
  assert.is.not((await chunk({ data: new Int16Array(16000), volumeThreshold: 0 })).results.speech.result, 'silence');
});

test('what is not speech has no gender: no_speech with 1 - p(speech)', async () => {
  const random = seeded('noise');
  const noise = Float32Array.from({ length: 32000 }, () => 0.1 * random.normal());
  const { results, raw } = await chunk({ data: noise, includeRawValues: true });
  assert.is.not(results.speech.result, 'speech');
  assert.is(results.gender.result, 'no_speech');
  assert.ok(Math.abs(results.gender.confidence - (1 - raw!.speech.speech)) < 1e-9 + 1e-4);
});

test('the same audio as int16, float and bytes, and as one of two channels', async () => {
  const expected = await chunk({ includeRawValues: true });
  const floats = Float32Array.from(voice, (sample) => sample / 32768);
  const bytes = new Uint8Array(voice.slice().buffer);
  const stereo = new Int16Array(voice.length * 2);
  voice.forEach((sample, i) => (stereo[2 * i + 1] = sample));
  assert.equal(await chunk({ data: floats, includeRawValues: true }), expected);
  assert.equal(await chunk({ data: bytes, includeRawValues: true }), expected);
  assert.equal(await chunk({ data: stereo, channels: 2, channel: 1, includeRawValues: true }), expected);
  assert.is((await chunk({ data: stereo, channels: 2, channel: 0 })).results.speech.result, 'silence');
});

test('shorter than the receptive field is answered, one step is enough', async () => {
  const { results } = await chunk({ data: voice.subarray(16000, 16000 + 1024) });
  assert.ok(results.speech.confidence > 0);
});

test('a chunk that is longer than one run equals itself in the middle of a batch', async () => {
  const long = new Int16Array(90 * 1024 + 500);
  for (let at = 0; at < long.length; at += voice.length)
    long.set(voice.subarray(0, Math.min(voice.length, long.length - at)), at);
  const alone = await chunk({ data: long, includeRawValues: true });
  const crowd = await Promise.all([
    chunk({ data: long, includeRawValues: true }),
    chunk(),
    chunk({ data: long, includeRawValues: true }),
  ]);
  assert.equal(crowd[0], alone);
  assert.equal(crowd[2], alone);
});

test('100 calls at once give what 100 calls in turn give', async () => {
  const random = seeded('concurrency');
  const calls = Array.from({ length: 100 }, (_, i) => {
    const length = 1024 + random.below(20000);
    const start = random.below(voice.length - length);
    const models = i % 3 === 0 ? ['speech'] : both;
    return { data: voice.subarray(start, start + length), models, includeRawValues: true } satisfies ChunkOptions;
  });
  const inTurn = [];
  for (const call of calls) inTurn.push(await engine.processAudioChunk(call));
  assert.equal(await Promise.all(calls.map((call) => engine.processAudioChunk(call))), inTurn);
});

test('bad data is refused with what came and what is allowed', async () => {
  await refused({ data: undefined }, ArgumentError, /^data: got undefined/);
  await refused({ data: [1, 2, 3] }, ArgumentError, /^data: got an array/);
  await refused({ data: 'audio' }, ArgumentError, /^data: got "audio"/);
  await refused({ data: new Float64Array(2000) }, ArgumentError, /Float64Array/);
  await refused({ data: new Uint8Array(2049) }, ArgumentError, /2049 bytes/);
  const spoiled = new Float32Array(4000);
  spoiled[1234] = NaN;
  await refused({ data: spoiled }, ArgumentError, /NaN.*1234/);
  spoiled[1234] = -Infinity;
  await refused({ data: spoiled }, ArgumentError, /-Infinity.*1234/);
  spoiled[1234] = 300;
  await refused({ data: spoiled }, ArgumentError, /300/);
});

test('too short or empty is refused with both lengths', async () => {
  await refused({ data: new Int16Array(0) }, InputTooShortError, /\b0 samples.*1024/);
  await refused({ data: new Int16Array(1023) }, InputTooShortError, /1023 samples.*1024/);
  await refused({ data: new Int16Array(511), sampleRate: 8000 }, InputTooShortError, /511 samples at 8000 Hz.*512/);
});

test('rates, channels, thresholds and models out of range are refused by name', async () => {
  for (const sampleRate of [7999, 192001, 0, -1, NaN, '16000', 16000.5])
    await refused({ sampleRate }, ArgumentError, /^sampleRate: got .*8000 to 192000/);
  for (const volumeThreshold of [-0.1, 1.1, NaN, '0'])
    await refused({ volumeThreshold }, ArgumentError, /^volumeThreshold: got .*0 to 1/);
  await refused({ channels: 2 }, ArgumentError, /^channel: got undefined/);
  await refused({ channels: 2, channel: 2 }, ArgumentError, /^channel: got 2/);
  await refused({ includeRawValues: 1 }, ArgumentError, /^includeRawValues: got 1/);
  await refused({ models: [] }, ArgumentError, /^models: got an empty list.*Gender, Speech/);
  await refused({ models: undefined }, ArgumentError, /^models: got undefined/);
  await refused({ models: ['emotion'] }, UnknownModelError, /"emotion".*Gender, Speech/);
  await refused({ models: [undefined] }, UnknownModelError, /undefined/);
  // Before the file is opened.
  await engine.processFile('/nowhere.wav', { models: ['emotion'] }).then(
    () => assert.unreachable(),
    (error) => assert.instance(error, UnknownModelError),
  );
  try {
    await engine.processAudioChunk(undefined as unknown as ChunkOptions);
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /^options: got undefined/);
  }
});

test('models can be listed and asked for', () => {
  assert.equal(engine.getAvailableModels(), ['Gender', 'Speech', 'SpeechRT']);
  assert.ok(engine.isModelAvailable('Speech'));
  assert.ok(engine.isModelAvailable('gender'));
  assert.not(engine.isModelAvailable('emotion'));
  assert.is(engine.models.Gender.key, 'gender');
});

test('a model is found by its key and by the name of its handle, in upper and lower case', async () => {
  const { name, key, labels } = engine.models.SpeechRT;
  assert.equal({ name, key, labels }, { name: 'SpeechRT', key: 'speech-rt', labels: ['music', 'other', 'speech'] });
  for (const asked of ['SpeechRT', 'speechrt', 'speech-rt', 'SPEECH-RT']) {
    assert.ok(engine.isModelAvailable(asked));
    const { results } = await chunk({ models: [asked] });
    assert.equal(Object.keys(results), ['speech-rt']);
  }
});

test('a folder of models whose gate is missing, or is none, is refused by name', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'undertone-gate-'));
  const refusal = async (pattern: RegExp): Promise<void> => {
    try {
      await (await Engine.create({ device: 'cpu', weights: folder })).dispose();
    } catch (error) {
      assert.instance(error, UndertoneError);
      assert.match((error as Error).message, pattern);
      return;
    }
    assert.unreachable(`opened without ${pattern}`);
  };
  await copyFile(packagedModels.gender, join(folder, 'gender.model'));
  await refusal(/holds no speech\.model, which gender\.model names as its gate/);
  const gender = await loadModel(packagedModels.gender);
  await writeFile(join(folder, 'speech.model'), writeModel({ ...gender, name: 'speech', gate: '' }));
  await refusal(/gender\.model names speech\.model as its gate, but that can't tell speech/);
});

test('a voice model may be gated by SpeechRT, which then listens and Speech does not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'undertone-gate-'));
  await copyFile(packagedModels['speech-rt'], join(folder, 'speech-rt.model'));
  const gender = await loadModel(packagedModels.gender);
  await writeFile(join(folder, 'gender.model'), writeModel({ ...gender, gate: 'speech-rt' }));
  const fine = await Engine.create({ device: 'cpu', weights: folder });
  try {
    const data = new Float32Array(32000);
    voice.slice(0, 16000).forEach((sample, i) => (data[i] = sample / 32768));
    const asked = { data, models: ['Gender'], outputPeriod: 64, includeRawValues: true, volumeThreshold: 0 };
    const { channels } = await fine.processAudioBytes(asked);
    const both = await fine.processAudioBytes({ ...asked, models: ['Gender', 'SpeechRT'] });
    for (const [i, { results }] of channels[0].time_series.entries()) {
      const gate = both.channels[0].time_series[i].results['speech-rt'].result;
      assert.is(
        results.gender.result === 'no_speech',
        gate !== 'speech',
        `step ${i}: ${gate}, ${results.gender.result}`,
      );
    }
    const heard = channels[0].time_series.map(({ results }) => results.gender.result);
    assert.ok(heard.includes('no_speech') && heard.some((result) => result !== 'no_speech'));
  } finally {
    await fine.dispose();
  }
});

test('the models of the package are all files of weights/, and those alone', async () => {
  const files = (await readdir(new URL('../weights', import.meta.url))).filter((file) => file.endsWith('.model'));
  assert.equal(
    Object.entries(packagedModels)
      .map(([id, url]) => `${id}.model=${url.pathname.split('/').at(-1)}`)
      .sort(),
    files.sort().map((file) => `${file}=${file}`),
  );
});

test('the device is told, with the reason', () => {
  assert.is(engine.device.backend, 'cpu');
  assert.match(engine.device.reason, /by name/);
  assert.ok(engine.device.adapter.length > 0);
});

test('a device of another name is refused', async () => {
  await Engine.create({ device: 'quantum' as 'cpu' }).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /^device: got "quantum".*"webgpu"/),
  );
});

test('a precision of weights that there is not is refused, on whatever device', async () => {
  const error = await Engine.create({ device: 'cpu', weightPrecision: 'f8' as 'f16' }).then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  assert.instance(error, ArgumentError);
  assert.is(error!.message, 'weightPrecision: got "f8", but it must be one of "f32", "f16"');
});

test('an aborted call is refused with the reason given', async () => {
  await chunk({ signal: AbortSignal.abort(new Error('hung up')) }).then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'hung up'),
  );
});

test('a hundred calls on one buffer that is filled anew: each answers for what it held', async () => {
  const buffer = new Int16Array(16000);
  const parts = Array.from({ length: 20 }, (_, i) => voice.slice(i * 800, i * 800 + 16000));
  const expected = await Promise.all(parts.map((data) => chunk({ data })));
  const answers = parts.map((part) => {
    buffer.set(part);
    const answer = chunk({ data: buffer });
    buffer.fill(30000);
    return answer;
  });
  assert.equal(await Promise.all(answers), expected);
  const series = engine.processAudioBytes({ data: buffer.fill(0), models: both, volumeThreshold: 1 });
  buffer.fill(1);
  assert.is((await series).channels['0'].time_series.length, 1);
});

test('a stream moves to another engine by its snapshot, and gives what it would have given', async () => {
  const options = { models: both, outputPeriod: 256, includeRawValues: true, includeSummary: true };
  const floats = Float32Array.from(voice, (value) => value / 32768);
  const whole = await engine.openStream({ ...options, sampleRate: 22050 });
  void whole.write(floats);
  await whole.end();
  const expected = await readAll(whole);

  const first = await engine.openStream({ ...options, sampleRate: 22050 });
  void first.write(floats.subarray(0, 21234));
  const snapshot = await first.snapshot();
  const results = await readSome(first);
  const other = await Engine.create({ device: 'cpu', threads: 1 });
  const second = await other.openStream({ resume: snapshot });
  void second.write(floats.subarray(21234));
  await second.end();
  assert.equal([...results, ...(await readAll(second))], expected);
  assert.equal(second.overview(), whole.overview());
  const onlySpeech = other.openStream({ resume: snapshot, models: ['Speech'] });
  await onlySpeech.then(
    () => assert.unreachable(),
    (error) => assert.match(error.message, /^resume: got a snapshot of a stream with models "gender@/),
  );
  await other.dispose();
});

async function readAll(stream: AsyncIterable<StreamResult>): Promise<StreamResult[]> {
  const results: StreamResult[] = [];
  for await (const result of stream) results.push(result);
  return results;
}

/** What is there already; the stream goes on. */
async function readSome(stream: AnalysisStream): Promise<StreamResult[]> {
  const results: StreamResult[] = [];
  const iterator = stream[Symbol.asyncIterator]();
  while (true) {
    const next = await Promise.race([iterator.next(), new Promise<void>((resolve) => setTimeout(resolve, 50))]);
    if (!next || next.done) return results;
    results.push(next.value);
  }
}

test('engines that cannot be: the reason, always as an error of this library', async () => {
  const cannot = async (options: unknown, kind: new (...args: never[]) => Error, message: RegExp) => {
    await Engine.create(options as never).then(
      () => assert.unreachable(`${message}`),
      (error) => {
        assert.instance(error, kind);
        assert.match(error.message, message);
      },
    );
  };
  await cannot(null, ArgumentError, /options: got null/);
  await cannot({ device: 'cpu', threads: 1e6 }, ArgumentError, /threads: got 1000000.*1 to 64/);
  await cannot({ device: 'cpu', weights: '/no/such/folder' }, UndertoneError, /weights: got "\/no\/such\/folder"/);
  await cannot({ device: 'cpu', weights: { speech: '/no/file' } }, UndertoneError, /\/no\/file: it can't be read/);
  await cannot(
    { device: 'cpu', weights: { speech: new Uint8Array(9) } },
    ModelFileError,
    /speech\.model: it is not a model/,
  );
  const model = tinyModel();
  const whole = { ...model, framesPerStep: 4, gate: '' };
  const pooled = { ...model.graph.nodes[0], attributes: { pads: [2, 0], strides: [4] } };
  const graph = { ...model.graph, nodes: [pooled, ...model.graph.nodes.slice(1)] };
  for (const [change, message] of [
    [{ sampleRate: 8000 }, /tiny\.model: it hears 8000 Hz/],
    [{ features: { ...model.features, frame: 1 << 20 } }, /its frames have 1048576 samples, more than 8192/],
    [{ features: { ...model.features, bands: 100_000 } }, /100000 bands, more than 512/],
    [{ graph: { ...graph, outputs: ['probabilities', 'logits'] } }, /it has 2 outputs, not one/],
    [
      { graph: { ...graph, nodes: graph.nodes.slice(0, 2), outputs: ['logits'] } },
      /within \[0, 1\].*"scores" \(dense\)/,
    ],
  ] as const) {
    const bytes = writeModel({ ...whole, graph, ...change } as never);
    await cannot({ device: 'cpu', weights: { tiny: bytes } }, ModelFileError, message);
  }
});

test('the samples of the caller stay as they were', async () => {
  const before = voice.slice();
  await chunk({ sampleRate: 22050 });
  assert.equal(voice, before);
});

test('after dispose calls are refused, and dispose again does nothing', async () => {
  const other = await Engine.create({ device: 'cpu' });
  const under = other.processAudioChunk({ data: voice, models: ['speech'] });
  await other.dispose();
  await under.then(
    (output) => assert.is(output.results.speech.result, 'speech'),
    (error: Error) => assert.instance(error, DisposedError),
  );
  await other.dispose();
  await other.processAudioChunk({ data: voice, models: ['speech'] }).then(
    () => assert.unreachable(),
    (error: Error) => assert.instance(error, DisposedError),
  );
});

test.after(() => engine.dispose());
test.run();
