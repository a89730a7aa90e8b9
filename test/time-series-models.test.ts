/** The bars of streams with the real models on the CPU. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Step } from '../src/models/decision.ts';
import { AnalysisStream } from '../src/stream.ts';
import { processAudioBytes, processFile, processStream } from '../src/time-series.ts';
import { close } from '../src/tolerances.ts';
import type { Ear } from '../src/tracks.ts';
import { openListeners } from './support/listener.ts';
import { largestDifference } from './support/parity.ts';
import { sampleVoice } from './support/sample.ts';
import { wavBytes } from './support/wav.ts';

const { newListener, close: closeListeners } = await openListeners();
const voice = await sampleVoice();
const models = ['Speech', 'Gender'];

/** An ear that keeps the probabilities of every step before they are rounded. */
function recording(): { newEar: () => Ear; values: () => number[] } {
  const steps: Step[] = [];
  const newEar = (): Ear => {
    const listener = newListener();
    return {
      settings: listener.settings,
      decide: (run) => listener.decide(run),
      hear: async (pcm, signal) => {
        const heard = await listener.hear(pcm, signal);
        steps.push(...heard);
        return heard;
      },
    };
  };
  return { newEar, values: () => steps.flatMap(({ level, probabilities }) => [level, ...probabilities.speech as Float32Array, ...probabilities.gender as Float32Array]) };
}

for (const sampleRate of [16000, 8000, 44100]) {
  test(`${sampleRate} Hz: a stream is its file within ${close}, in any chunks`, async () => {
    const data = voice.subarray(0, 50000);
    const whole = recording();
    await processAudioBytes({ models, data, sampleRate }, whole.newEar);
    const expected = whole.values();
    assert.ok(expected.length > 15 * 6);
    for (const size of [333, 1024, 1e9, ...(sampleRate === 16000 ? [1] : [])]) {
      const pulled = recording();
      for await (const _ of processStream((function* () { for (let i = 0; i < data.length; i += size) yield data.subarray(i, i + size); })(), { models, sampleRate }, pulled.newEar));
      const got = pulled.values();
      assert.is(got.length, expected.length);
      assert.ok(largestDifference(got, expected) <= close, `chunks of ${size}: ${largestDifference(got, expected)}`);
    }
    const pushed = recording();
    const stream = await AnalysisStream.open({ models, sampleRate }, pushed.newEar);
    for (let i = 0; i < data.length; i += 1600) void stream.write(data.subarray(i, i + 1600));
    await stream.end();
    assert.ok(largestDifference(pushed.values(), expected) <= close);
  });
}

test('a voice at other rates is heard as at 16 kHz', async () => {
  const direct = await processAudioBytes({ models, data: voice, includeSummary: true }, newListener);
  // 48 kHz by repeating each sample and letting the resampler take out what that adds above 8 kHz.
  const tripled = Int16Array.from({ length: 3 * voice.length }, (_, i) => voice[Math.floor(i / 3)]!);
  const other = await processAudioBytes({ models, data: tripled, sampleRate: 48000, includeSummary: true }, newListener);
  const labels = (output: typeof direct) => output.channels['0']!.time_series.map(({ results }) => `${results.speech!.result} ${results.gender!.result}`);
  assert.equal(labels(other), labels(direct));
});

test('50 streams on one engine, each as if alone, none much later than the others', async () => {
  const count = 50;
  const inputs = Array.from({ length: count }, (_, i) => voice.subarray(400 * i, 400 * i + 20480));
  const lateness: number[] = [];
  const started = performance.now();
  const results = await Promise.all(inputs.map(async (data, i) => {
    const own = recording();
    const stream = await AnalysisStream.open({ models }, own.newEar);
    for (let start = 0; start < data.length; start += 1024) void stream.write(data.subarray(start, start + 1024));
    await stream.end();
    lateness[i] = performance.now() - started;
    return own.values();
  }));
  const median = [...lateness].sort((a, b) => a - b)[count / 2]!;
  assert.ok(Math.max(...lateness) < 2 * median, `last after ${Math.max(...lateness).toFixed(0)} ms, median ${median.toFixed(0)} ms`);
  for (const [i, values] of results.entries()) {
    const alone = recording();
    await processAudioBytes({ models, data: inputs[i]! }, alone.newEar);
    assert.ok(largestDifference(values, alone.values()) <= close, `stream ${i}: ${largestDifference(values, alone.values())}`);
  }
});

test('file and bytes agree to the bit', async () => {
  const options = { models, includeSummary: true, includeTransitions: true };
  const wav = wavBytes([Float32Array.from(voice, (value) => value / 32768)]);
  assert.equal(await processFile(wav, options, newListener), await processAudioBytes({ ...options, data: voice }, newListener));
});

test.after(closeListeners);
test.run();
