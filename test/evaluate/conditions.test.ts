import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { conditions, rms, withNoise } from '../../tools/evaluate/conditions.ts';
import { mulaw, telephoneBand } from '../../tools/evaluate/telephone.ts';

const tone = (hertz: number, level = 0.25, rate = 16000): Float32Array =>
  Float32Array.from({ length: rate }, (_, i) => level * Math.sin((2 * Math.PI * hertz * i) / rate));
const decibels = (ratio: number): number => 20 * Math.log10(ratio);
const middle = (samples: Float32Array): Float32Array => samples.subarray(samples.length / 4, (3 * samples.length) / 4);

test('noise stands 10 dB below the signal, is the same each time and another for another clip', () => {
  const clean = tone(440);
  const noisy = withNoise(clean, 10, 'a.wav');
  const noise = noisy.map((sample, i) => sample - clean[i]);
  assert.ok(Math.abs(decibels(rms(clean) / rms(noise)) - 10) < 0.3);
  assert.equal(withNoise(clean, 10, 'a.wav'), noisy);
  assert.not.equal(withNoise(clean, 10, 'b.wav'), noisy);
});

test('noise leaves digital silence alone, and nothing leaves full scale', () => {
  assert.equal(rms(withNoise(new Float32Array(16000), 10, 'a')), 0);
  assert.ok(withNoise(tone(440, 1), 10, 'a').every((sample) => Math.abs(sample) <= 1));
});

test('quiet is 30 dB lower, still in 16 bits, and heard without a threshold', () => {
  const { data, sampleRate } = conditions.quiet30.apply(tone(440), 'a');
  assert.is(sampleRate, 16000);
  assert.ok(Math.abs(decibels(rms(tone(440)) / rms(data)) - 30) < 0.1);
  assert.ok(data.every((sample) => Number.isInteger(sample * 32768)));
  assert.is(conditions.quiet30.volumeThreshold, 0);
});

test('the telephone band: 1 kHz passes, 100 Hz and 5 kHz do not, half the samples at 8 kHz', () => {
  const passed = (hertz: number): number => decibels(rms(middle(telephoneBand(tone(hertz)))) / rms(tone(hertz)));
  assert.is(telephoneBand(tone(440)).length, 8000);
  for (const hertz of [500, 1000, 2000, 3000])
    assert.ok(Math.abs(passed(hertz)) < 0.2, `${hertz} Hz: ${passed(hertz)} dB`);
  for (const hertz of [50, 100, 4500, 5000, 7000]) assert.ok(passed(hertz) < -35, `${hertz} Hz: ${passed(hertz)} dB`);
  assert.is(conditions.tel8k.apply(tone(440), 'a').sampleRate, 8000);
});

test('mu-law as G.711 has it: known values, few levels, 35 dB and better over a wide range', () => {
  const decoded = mulaw(Float32Array.from([0, 1, -1, 0.5]));
  assert.equal(
    [...decoded].map((sample) => Math.round(sample * 32768)),
    [0, 32124, -32124, 16764],
  );
  for (const level of [0.9, 0.1, 0.01]) {
    const clean = tone(440, level);
    const error = mulaw(clean).map((sample, i) => sample - clean[i]);
    assert.ok(decibels(rms(clean) / rms(error)) > 33, `${level}`);
  }
  assert.ok(new Set(mulaw(Float32Array.from({ length: 65536 }, (_, i) => i / 32768 - 1))).size <= 256);
});

test.run();
