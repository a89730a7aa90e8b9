import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { innerSamples } from '../../src/audio/format.ts';
import { resample } from '../../src/audio/pcm.ts';
import { Resampler } from '../../src/audio/resampler.ts';
import { exact } from '../../src/backends/tolerances.ts';
import { cpuSeconds } from '../support/cpu-time.ts';
import { largestDifference } from '../support/parity.ts';
import { seeded } from '../support/random.ts';

const rates = [8000, 11025, 12000, 22050, 32000, 44100, 44101, 48000, 88200, 96000, 176400, 192000];
const amplitude = 0.5;

const tone = (hertz: number, sampleRate: number, seconds = 1): Float32Array =>
  Float32Array.from(
    { length: Math.round(seconds * sampleRate) },
    (_, i) => amplitude * Math.sin((2 * Math.PI * hertz * i) / sampleRate),
  );

/** Away from the ends, where the abrupt start of the tone is heard. */
const middle = <T extends Int16Array | Float32Array>(samples: T): T =>
  samples.subarray(1600, samples.length - 1600) as T;

const decibels = (samples: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i] ** 2;
  return 10 * Math.log10(sum / samples.length + 1e-12) - 20 * Math.log10((amplitude * 32768) / Math.SQRT2);
};

async function inPieces(
  samples: Float32Array | Int16Array,
  sampleRate: number,
  sizes: readonly number[],
): Promise<Int16Array> {
  const resampler = await Resampler.create(sampleRate);
  const parts: number[] = [];
  for (let start = 0, k = 0; start < samples.length; k++) {
    const size = sizes[k % sizes.length];
    parts.push(...resampler.push(samples.subarray(start, start + size)));
    start += size;
  }
  parts.push(...resampler.finish());
  return Int16Array.from(parts);
}

for (const sampleRate of rates) {
  test(`${sampleRate} Hz: the pass band comes through in place, flat and clean`, async () => {
    const nyquist = Math.min(sampleRate, 16000) / 2;
    for (const hertz of [100, 1000, 3000, 0.9 * nyquist]) {
      const got = await resample(tone(hertz, sampleRate), sampleRate);
      // Held against the same sine at 16 kHz: a wrong delay, gain or an alias all show in the difference.
      const error = Float32Array.from(
        got,
        (value, i) => value - 32768 * amplitude * Math.sin((2 * Math.PI * hertz * i) / 16000),
      );
      assert.ok(decibels(middle(error)) < -60, `${hertz} Hz: error at ${decibels(middle(error)).toFixed(1)} dB`);
    }
  });

  test(`${sampleRate} Hz: n seconds in are n seconds out`, async () => {
    for (const length of [1, 333, sampleRate, 12345]) {
      const got = await resample(new Float32Array(length), sampleRate);
      assert.is(got.length, Math.round((length * 16000) / sampleRate));
    }
  });

  test(`${sampleRate} Hz: any pieces give the same bits`, async () => {
    const { normal } = seeded(`pieces ${sampleRate}`);
    const noise = Float32Array.from({ length: 9000 }, () => 0.3 * normal());
    const whole = await resample(noise, sampleRate);
    for (const sizes of [[1], [7, 1, 333], [1024], [4096, 5], [9000]]) {
      const pieces = await inPieces(noise, sampleRate, sizes);
      assert.is(largestDifference(pieces, whole), exact, `pieces of ${sizes}`);
    }
  });
}

for (const sampleRate of rates.filter((rate) => rate > 16000)) {
  test(`${sampleRate} Hz: what lies above the new Nyquist frequency is gone`, async () => {
    for (const hertz of [8200, 8600, 9500, 11000, 15000, 20000, 40000, 80000].filter(
      (hertz) => hertz < sampleRate / 2,
    )) {
      const got = await resample(tone(hertz, sampleRate), sampleRate);
      assert.ok(decibels(middle(got)) < -60, `${hertz} Hz: ${decibels(middle(got)).toFixed(1)} dB`);
    }
  });
}

test('8 kHz: no image above 4 kHz appears', async () => {
  const got = await resample(tone(3000, 8000), 8000);
  // The image of 3 kHz would stand at 5 kHz: correlate with it.
  let cosine = 0;
  let sine = 0;
  for (let i = 1600; i < 14400; i++) {
    cosine += got[i] * Math.cos((2 * Math.PI * 5000 * i) / 16000);
    sine += got[i] * Math.sin((2 * Math.PI * 5000 * i) / 16000);
  }
  const image = (2 * Math.hypot(cosine, sine)) / 12800 / (amplitude * 32768);
  assert.ok(image < 1e-3, `image at ${image}`);
});

test('int16 and normalised floats are the same audio', async () => {
  const { uniform } = seeded('int16');
  const int16 = Int16Array.from({ length: 5000 }, () => 20000 * (uniform() - 0.5));
  const normalised = Float32Array.from(int16, (value) => value / 32768);
  assert.is(largestDifference(await resample(normalised, 44100), await resample(int16, 44100)), exact);
});

test('overshoot is clipped, not wrapped', async () => {
  const square = Int16Array.from({ length: 8000 }, (_, i) => (i % 80 < 40 ? 32767 : -32768));
  const got = await resample(square, 8000);
  for (let i = 400; i < 12000; i++) {
    const phase = i % 160;
    if (phase > 8 && phase < 72) assert.ok(got[i] > 20000, `sample ${i} is ${got[i]}`);
    if (phase > 88 && phase < 152) assert.ok(got[i] < -20000, `sample ${i} is ${got[i]}`);
  }
  assert.is(
    got.reduce((a, b) => Math.max(a, b)),
    32767,
  );
});

test('16 kHz int16 is passed on untouched', async () => {
  const samples = Int16Array.of(1, -2, 32767, -32768);
  assert.is(await resample(samples, 16000), samples);
});

test('streams do not mix, and making and freeing many is cheap', async () => {
  const { normal } = seeded('many');
  const inputs = Array.from({ length: 40 }, () => Int16Array.from({ length: 3000 }, () => 3000 * normal()));
  const alone = await Promise.all(inputs.map((input) => resample(input, 44100)));
  const streams = await Promise.all(inputs.map(() => Resampler.create(44100)));
  const got: number[][] = inputs.map(() => []);
  for (let start = 0; start < 3000; start += 500)
    streams.forEach((stream, i) => got[i].push(...stream.push(inputs[i].subarray(start, start + 500))));
  streams.forEach((stream, i) => got[i].push(...stream.finish()));
  got.forEach((samples, i) => assert.is(largestDifference(samples, alone[i]), exact));

  const started = cpuSeconds();
  for (let i = 0; i < 2000; i++) (await Resampler.create(44100)).free();
  assert.ok(cpuSeconds() - started < 3, '2000 resamplers in three seconds, or they are not cheap');
});

test('a finished resampler refuses work and may be freed twice', async () => {
  const resampler = await Resampler.create(8000);
  resampler.push(new Int16Array(100));
  resampler.finish();
  resampler.free();
  assert.throws(() => resampler.push(new Int16Array(1)), /finished/);
});

test('sample counts stay whole and right for days of audio', () => {
  const day = 24 * 3600;
  assert.is(innerSamples(365 * day * 192000, 192000), 365 * day * 16000);
  assert.is(innerSamples(1000 * 365 * day * 44100 + 44100 / 2, 44100), 1000 * 365 * day * 16000 + 8000);
});

test.run();
