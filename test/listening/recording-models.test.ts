/** The bars of streams with the real models on the CPU. */
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Step } from '../../src/answers/decision.ts';
import { decodeFile } from '../../src/audio/decode.ts';
import { floatsOf } from '../../src/audio/samples.ts';
import { close } from '../../src/backends/tolerances.ts';
import type { Listener } from '../../src/listening/listener.ts';
import { openListeners } from '../support/listener.ts';
import { openStream, processAudioBytes, processFile, processStream } from '../support/listening.ts';
import { largestDifference } from '../support/parity.ts';
import { sampleVoice } from '../support/sample.ts';
import { wavBytes } from '../support/wav.ts';

const { newListener, close: closeListeners } = await openListeners();
const voice = await sampleVoice();
const models = ['Speech', 'Gender'];

const rowOf = (values: ArrayLike<number>, row: number, labels: number): number[] =>
  Array.from({ length: labels }, (_, i) => values[row * labels + i]);

/** Listeners that keep the probabilities of every step before they are rounded. */
function recording(): { newListener: () => Listener; values: () => number[] } {
  const steps: Step[] = [];
  const newListening = (): Listener => {
    const listener = newListener();
    const hear = listener.hear.bind(listener);
    listener.hear = async (pcm, signal) => {
      const heard = await hear(pcm, signal);
      steps.push(...heard);
      return heard;
    };
    return listener;
  };
  return {
    newListener: newListening,
    values: () =>
      steps.flatMap(({ level, row, probabilities: { speech, gender } }) => [
        level,
        ...rowOf(speech, row, 3),
        ...rowOf(gender, row, 2),
      ]),
  };
}

for (const sampleRate of [16000, 8000, 44100]) {
  test(`${sampleRate} Hz: a stream is its file within ${close}, in any chunks`, async () => {
    const data = voice.subarray(0, 50000);
    const whole = recording();
    await processAudioBytes({ models, data, sampleRate }, whole.newListener);
    const expected = whole.values();
    assert.ok(expected.length > 15 * 6);
    for (const size of [333, 1024, 1e9, ...(sampleRate === 16000 ? [1] : [])]) {
      const pulled = recording();
      for await (const _ of processStream(
        (function* () {
          for (let i = 0; i < data.length; i += size) yield data.subarray(i, i + size);
        })(),
        { models, sampleRate },
        pulled.newListener,
      ));
      const got = pulled.values();
      assert.is(got.length, expected.length);
      assert.ok(largestDifference(got, expected) <= close, `chunks of ${size}: ${largestDifference(got, expected)}`);
    }
    const pushed = recording();
    const stream = await openStream({ models, sampleRate }, pushed.newListener);
    for (let i = 0; i < data.length; i += 1600) void stream.write(data.subarray(i, i + 1600));
    await stream.end();
    assert.ok(largestDifference(pushed.values(), expected) <= close);
  });
}

async function voiceOf(file: string): Promise<Int16Array> {
  const parts: Float32Array[] = [];
  for await (const { channels } of decodeFile(fileURLToPath(new URL(`../fixtures/voices/${file}`, import.meta.url))))
    parts.push(floatsOf(channels[0]));
  return Int16Array.from(
    parts.flatMap((part) => [...part]),
    (sample) => Math.round(sample * 32768),
  );
}

test('a voice at 8, 22.05, 44.1 and 48 kHz is heard as at 16 kHz', async () => {
  // A voice that is far from the border, all of it in one period. Between two samples by linear interpolation, and for
  // 8 kHz the mean of two.
  const man = await voiceOf('male-rms-1.flac');
  const steps = Math.floor(man.length / 1024) - 1;
  const whole = async (data: Int16Array, sampleRate: number) => {
    const { channels } = await processAudioBytes({ models, data, sampleRate, outputPeriod: steps * 64 }, newListener);
    const { speech, gender } = channels['0'].time_series[0].results;
    return [speech.result, gender.result];
  };
  const at = (rate: number) =>
    Int16Array.from({ length: Math.floor(((man.length - 1) * rate) / 16000) }, (_, i) => {
      const place = (i * 16000) / rate;
      const [left, right] = [man[Math.floor(place)], man[Math.floor(place) + 1]];
      return rate === 8000 ? (left + right) / 2 : left + (right - left) * (place % 1);
    });
  const direct = await whole(man, 16000);
  assert.equal(direct, ['speech', 'male']);
  for (const rate of [8000, 22050, 44100, 48000]) assert.equal(await whole(at(rate), rate), direct, `${rate} Hz`);
});

test('50 streams on one engine, each as if alone, none much later than the others', async () => {
  const count = 50;
  const inputs = Array.from({ length: count }, (_, i) => voice.subarray(400 * i, 400 * i + 20480));
  const lateness: number[] = [];
  const started = performance.now();
  const results = await Promise.all(
    inputs.map(async (data, i) => {
      const own = recording();
      const stream = await openStream({ models }, own.newListener);
      for (let start = 0; start < data.length; start += 1024) void stream.write(data.subarray(start, start + 1024));
      await stream.end();
      lateness[i] = performance.now() - started;
      return own.values();
    }),
  );
  const median = [...lateness].sort((a, b) => a - b)[count / 2];
  assert.ok(
    Math.max(...lateness) < 2 * median,
    `last after ${Math.max(...lateness).toFixed(0)} ms, median ${median.toFixed(0)} ms`,
  );
  for (const [i, values] of results.entries()) {
    const alone = recording();
    await processAudioBytes({ models, data: inputs[i] }, alone.newListener);
    assert.ok(
      largestDifference(values, alone.values()) <= close,
      `stream ${i}: ${largestDifference(values, alone.values())}`,
    );
  }
});

test('file and bytes agree to the bit', async () => {
  const options = { models, includeSummary: true, includeTransitions: true };
  const wav = wavBytes([Float32Array.from(voice, (value) => value / 32768)]);
  assert.equal(
    await processFile(wav, options, newListener),
    await processAudioBytes({ ...options, data: voice }, newListener),
  );
});

test.after(closeListeners);
test.run();
