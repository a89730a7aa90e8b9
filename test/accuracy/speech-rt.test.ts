/**
 * Does SpeechRT know when somebody speaks? Voices of test/fixtures between silences of known length, through the engine step by
 * step: as they are, in noise of 5 dB, over music, in a room. What is no sound of the world is speech for no more than one step.
 */
import { readdir } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readClip } from '../../src/convert/clip.ts';
import { Engine } from '../../src/index.ts';
import { areaUnderCurve, bordersOf, errorsOf, type Span, sharesOf } from '../../tools/evaluate/borders.ts';
import { rms, withNoise } from '../../tools/evaluate/conditions.ts';
import { hearSteps } from '../../tools/evaluate/steps.ts';
import { seeded } from '../support/random.ts';
import { pieces } from './music.ts';
import {
  brownNoise,
  clicks,
  clipped,
  hum,
  pinkNoise,
  rate,
  type Signal,
  sine,
  square,
  sweep,
  wave,
  whiteNoise,
} from './signals.ts';

const folder = new URL('../fixtures/voices/', import.meta.url);
const engine = await Engine.create({ device: 'cpu' });

/** 10 ms; what lies so far under a clip's loudest 10 ms is silent; a stop within a word is shorter than this many of them. */
const frame = 160;
const floor = 10 ** (-38 / 10);
const stop = 15;

/** The stretches of a clip that sound, parted where it is silent for longer than a stop is. */
function utterances(samples: Float32Array): Float32Array[] {
  const power = Array.from({ length: Math.floor(samples.length / frame) }, (_, i) =>
    samples.subarray(i * frame, (i + 1) * frame).reduce((sum, sample) => sum + sample * sample, 0),
  );
  const least = Math.max(...power) * floor;
  const spans: [number, number][] = [];
  for (const [i, own] of power.entries()) {
    const last = spans.at(-1);
    if (own <= least) continue;
    if (last && i - last[1] < stop) last[1] = i + 1;
    else spans.push([i, i + 1]);
  }
  return spans.filter(([from, to]) => to - from > 30).map(([from, to]) => samples.slice(from * frame, to * frame));
}

interface Track {
  readonly samples: Float32Array;
  readonly spans: readonly Span[];
}

/** Silences of 0.25 to 1.2 s around the utterances, all at one level. */
function track(parts: readonly Float32Array[], seed: string): Track {
  const { uniform } = seeded(seed);
  const spans: Span[] = [];
  const samples: number[] = [];
  const rest = (): void => {
    const seconds = 0.25 * (1.2 / 0.25) ** uniform();
    for (let i = 0; i < seconds * rate; i++) samples.push(0);
  };
  for (const part of parts) {
    rest();
    const gain = 0.05 / rms(part);
    spans.push({ start: samples.length / rate, end: (samples.length + part.length) / rate });
    for (const sample of part) samples.push(gain * sample);
  }
  rest();
  return { samples: Float32Array.from(samples), spans };
}

const files = (await readdir(folder)).filter((file) => file.endsWith('.flac')).sort();
const spoken = (
  await Promise.all(files.map(async (file) => utterances(await readClip(new URL(file, folder).pathname, 3))))
).flat();
const tracks = Array.from({ length: 4 }, (_, i) => track(spoken.slice(4 * i, 4 * i + 4), `track ${i}`)).filter(
  ({ spans }) => spans.length > 0,
);

/** A room: a direct path and a tail that falls by 60 dB in 0.4 s. */
function inRoom(samples: Float32Array): Float32Array {
  const { normal } = seeded('room');
  const tail = Float32Array.from({ length: 0.4 * rate }, (_, i) => normal() * 10 ** ((-3 * i) / (0.4 * rate)));
  const gain = 0.25 / Math.sqrt(tail.reduce((sum, sample) => sum + sample * sample, 0));
  const out = samples.slice();
  for (let k = 0; k < tail.length; k += 7)
    for (let i = k; i < out.length; i++) out[i] += 7 ** 0.5 * gain * tail[k] * samples[i - k];
  return out;
}

const level = 0.05;
const places: Record<string, { hear: (samples: Float32Array, i: number) => Float32Array; area: number }> = {
  'as they are': { hear: (samples) => samples, area: 0.98 },
  'in noise of 5 dB': {
    hear: (samples, i) => {
      const loudness = 20 * Math.log10(rms(samples) / level);
      return withNoise(samples, 5 + loudness, `noise ${i}`);
    },
    area: 0.95,
  },
  'over music at 10 dB': {
    hear: (samples) => {
      const music = pieces['string chords'](samples.length / rate);
      const gain = (level * 10 ** (-10 / 20)) / rms(music);
      return samples.map((sample, i) => sample + gain * (music[i] ?? 0));
    },
    area: 0.95,
  },
  'in a room': { hear: inRoom, area: 0.96 },
};

for (const [place, { hear, area }] of Object.entries(places)) {
  test(`${place}: steps of speech and of silence are told apart, onsets found within 128 ms`, async () => {
    const [scores, speech, onsets]: [number[], boolean[], (number | undefined)[]] = [[], [], []];
    for (const [i, { samples, spans }] of tracks.entries()) {
      const own = (await hearSteps(engine, hear(samples, i), rate, 0))['speech-rt'];
      scores.push(...own);
      speech.push(...sharesOf(spans, own.length).map((share) => share >= 0.5));
      onsets.push(...bordersOf(own, spans).onsets);
    }
    const reached = areaUnderCurve(scores, speech);
    const { median, found } = errorsOf(onsets);
    if (process.env.UNDERTONE_VERBOSE) console.log(place, { reached, median, found, onsets: onsets.length });
    assert.ok(onsets.length >= 10, `${onsets.length} utterances`);
    assert.ok(reached >= area, `area ${reached.toFixed(4)}, less than ${area}`);
    assert.ok(median <= 128, `onsets after ${median.toFixed(0)} ms`);
    assert.ok(found >= 0.9, `${found} of the onsets found`);
  });
}

const unreal: Record<string, Signal> = {
  DC: wave(() => 0.5),
  'a faint DC': wave(() => 0.012),
  'white noise': whiteNoise(0.1),
  'faint white noise': whiteNoise(0.012),
  'pink noise': pinkNoise(0.1),
  'brown noise': brownNoise(0.1),
  'clipped noise': clipped(whiteNoise(1), 10),
  'hum of 50 Hz': hum(50, 0.3),
  'hum of 60 Hz': hum(60, 0.1),
  'a square wave': square(220, 1),
  'clicks, ten a second': clicks(10, 0.8),
  'clicks, a hundred a second': clicks(100, 0.5),
  ...Object.fromEntries([110, 220, 440, 1000, 3500].map((hertz) => [`a tone of ${hertz} Hz`, sine(hertz, 0.3)])),
  ...Object.fromEntries(
    [
      [50, 7500],
      [7500, 50],
      [80, 400],
      [400, 80],
      [200, 3400],
    ].flatMap(([from, to]) => [
      [`${from} to ${to} Hz by octaves`, sweep(from, to, 0.3, true)],
      [`${from} to ${to} Hz by hertz`, sweep(from, to, 0.3, false)],
    ]),
  ),
};

test('what is no sound of the world is speech for no more than one step, also where it begins and ends', async () => {
  const failures: string[] = [];
  for (const [name, signal] of Object.entries(unreal)) {
    const sound = signal(3);
    const samples = new Float32Array(5 * rate);
    samples.set(sound, rate);
    for (const data of [sound, samples]) {
      const scores = (await hearSteps(engine, data, rate, 0))['speech-rt'];
      const longest = scores.reduce(
        ([run, most], score) => (score >= 0.5 ? [run + 1, Math.max(most, run + 1)] : [0, most]),
        [0, 0],
      )[1];
      if (longest > 1) failures.push(`${name}: ${longest} steps`);
    }
  }
  assert.equal(failures, []);
});

test.after(() => engine.dispose());
test.run();
