/**
 * Input that is nobody's voice must never be called speech, and never get a gender. What the models say of it is not
 * measured in shares: a single failure is a fault.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readClip } from '../../src/convert/clip.ts';
import { Engine } from '../../src/index.ts';
import {
  brownNoise,
  burst,
  clicks,
  clipped,
  hum,
  mixed,
  pinkNoise,
  type Signal,
  scaled,
  sine,
  square,
  sweep,
  wave,
  whiteNoise,
} from './signals.ts';

const engine = await Engine.create({ device: 'cpu' });
const voices = new URL('../fixtures/voices/', import.meta.url);
const spoken = await readClip(new URL('male-rms-1.flac', voices).pathname, 3);
const spokenHigh = await readClip(new URL('female-slt-1.flac', voices).pathname, 3);
/** 20 ms out of a vowel: where the second is loudest. */
const word = (samples: Float32Array): Float32Array => {
  const at = samples.reduce((best, sample, i) => (i < samples.length - 320 && sample > samples[best] ? i : best), 0);
  return samples.slice(Math.max(0, at - 160), at + 160);
};

const levels: readonly (readonly [string, number])[] = [
  ['loud', 0.5],
  ['middling', 0.1],
  ['faint', 0.012],
];
const atLevels = (make: (level: number) => Signal): Record<string, Signal> =>
  Object.fromEntries(levels.map(([name, level]) => [name, make(level)]));

const groups: Record<string, Record<string, Signal>> = {
  'digital silence and DC': {
    silence: wave(() => 0),
    ...atLevels((level) => wave(() => level)),
    'full scale': wave(() => 1),
    negative: wave(() => -0.9),
  },
  'full-scale clipping': {
    '100 Hz': square(100, 1),
    '220 Hz': square(220, 1),
    '1 kHz': square(1000, 1),
    'a clipped tone': clipped(sine(180, 1), 30),
    'clipped noise': clipped(whiteNoise(1), 10),
    'clipped rumble': clipped(brownNoise(1), 20),
    'clipped hum': clipped(hum(50, 1), 20),
  },
  'hum of 50 Hz': atLevels((level) => hum(50, level)),
  'hum of 60 Hz': atLevels((level) => hum(60, level)),
  'mains tone': { '50 Hz': sine(50, 0.3), '60 Hz': sine(60, 0.3), '100 Hz': sine(100, 0.3), '120 Hz': sine(120, 0.3) },
  'pure tones': Object.fromEntries(
    [110, 150, 200, 261.6, 350, 440, 600, 1000, 2000, 3500, 6000].flatMap((hertz) =>
      [0.5, 0.05].map((level) => [`${hertz} Hz at ${level}`, sine(hertz, level)]),
    ),
  ),
  sweeps: Object.fromEntries(
    (
      [
        [50, 7500],
        [7500, 50],
        [80, 400],
        [400, 80],
        [200, 3400],
      ] as const
    ).flatMap(([from, to]) =>
      [true, false].map((octaves) => [
        `${from} to ${to} Hz${octaves ? ' by octaves' : ''}`,
        sweep(from, to, 0.3, octaves),
      ]),
    ),
  ),
  'white noise': atLevels((level) => whiteNoise(level)),
  'pink noise': atLevels((level) => pinkNoise(level)),
  'brown noise': atLevels((level) => brownNoise(level)),
  clicks: {
    'one a second': clicks(1, 1),
    'ten a second': clicks(10, 0.8),
    'fifty a second': clicks(50, 0.8),
    'a hundred a second': clicks(100, 0.5),
    metronome: clicks(2, 0.7, 0.004),
    'one click': burst(Float32Array.of(1), 0.5),
  },
  'a 20 ms burst of a word': {
    'a man, early': burst(word(spoken), 0.1),
    'a man, late': burst(word(spoken), 0.6),
    'a woman, early': burst(word(spokenHigh), 0.1),
    'a woman, late': burst(word(spokenHigh), 0.6),
    'in faint noise': mixed(burst(word(spoken), 0.6), whiteNoise(0.002)),
  },
};

for (const [name, signals] of Object.entries(groups)) {
  test(`${name}: no speech, no gender`, async () => {
    const failures: string[] = [];
    for (const [variant, signal] of Object.entries(signals)) {
      for (const seconds of [0.25, 1, 3]) {
        for (const [condition, heard] of [
          ['', signal],
          [' at -30 dB', scaled(signal, 10 ** (-30 / 20))],
        ] as const) {
          for (const volumeThreshold of condition === '' ? [0.005, 0] : [0]) {
            const { results, raw } = await engine.processAudioChunk({
              data: heard(seconds),
              models: [engine.models.Speech, engine.models.Gender],
              includeRawValues: true,
              volumeThreshold,
            });
            const isVoice = results.speech.result === 'speech' || ['male', 'female'].includes(results.gender.result);
            if (isVoice)
              failures.push(
                `${name}, ${variant}${condition}, ${seconds} s, threshold ${volumeThreshold}: ${results.speech.result}, ${results.gender.result} ${JSON.stringify(raw)}`,
              );
          }
        }
      }
    }
    assert.is(failures.length, 0, `${failures.length} taken for a voice:\n${failures.join('\n')}`);
  });
}

test.after(() => engine.dispose());
test.run();
