import Meyda from 'meyda';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { close } from '../../src/backends/tolerances.ts';
import {
  bandEdges,
  defaultGeometry,
  type FrameGeometry,
  filterBank,
  frameStart,
  hannWindow,
  logMelFrame,
} from '../../src/features/definition.ts';
import { logMel, logMelOf, newHistory } from '../../src/features/log-mel.ts';
import { seeded } from '../support/random.ts';

/** Meyda keeps the filter bank of its first configuration, so every geometry gets its own copy. */
function meydaMelBands(geometry: FrameGeometry): (frame: Float32Array) => number[] {
  const copy = Object.assign({}, Meyda, {
    bufferSize: geometry.frame,
    sampleRate: geometry.sampleRate,
    melBands: geometry.bands,
  });
  const { extract } = copy as unknown as { extract(feature: string, frame: Float32Array): number[] };
  return (frame) => extract.call(copy, 'melBands', frame);
}

/** Largest difference relative to the value, values below 1 counted as 1. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.is(a.length, b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]) / Math.max(1, Math.abs(a[i]));
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}

/** Int16 sounds from near silence to clipping: noise, tones, a click, full scale. */
function sounds(seed: string): Int16Array[] {
  const next = seeded(seed).uniform;
  const make = (f: (i: number) => number) =>
    Int16Array.from({ length: 4096 }, (_, i) => Math.max(-32768, Math.min(32767, Math.round(f(i)))));
  return [
    make(() => 0),
    make(() => (next() - 0.5) * 2),
    make(() => (next() - 0.5) * 2000),
    make(() => (next() - 0.5) * 200000),
    make((i) => 12000 * Math.sin(0.1 * i) + 5000 * Math.sin(1.7 * i)),
    make((i) => 32767 * Math.sin(0.00004 * i * i)),
    make((i) => (i === 1500 ? 32767 : 0)),
  ];
}

const geometries: FrameGeometry[] = [
  defaultGeometry,
  { frame: 256, hop: 128, bands: 40, sampleRate: 8000 },
  { frame: 1024, hop: 256, bands: 80, sampleRate: 44100 },
];

for (const geometry of geometries) {
  const name = `${geometry.frame}/${geometry.hop}, ${geometry.bands} bands at ${geometry.sampleRate} Hz`;

  test(`definition and fast form equal Meyda's melBands (${name})`, () => {
    const melBands = meydaMelBands(geometry);
    for (const [index, pcm] of sounds('parity').entries()) {
      const fast = logMelOf(pcm, geometry);
      assert.is(fast.length, (pcm.length / geometry.hop) * geometry.bands);
      for (let j = 0; j < pcm.length / geometry.hop; j++) {
        const start = frameStart(j, geometry);
        const frame = Float32Array.from({ length: geometry.frame }, (_, i) => pcm[start + i] ?? 0);
        const expected = melBands(frame);
        const row = fast.subarray(j * geometry.bands, (j + 1) * geometry.bands);
        assert.ok(
          distance(expected, row) < close,
          `sound ${index} frame ${j}: fast is ${distance(expected, row)} away`,
        );
        if (j % 7 === 0)
          assert.ok(distance(expected, logMelFrame(frame, geometry)) < close, `sound ${index} frame ${j}: definition`);
      }
    }
  });
}

test('a stream in any pieces equals the whole to the last bit', () => {
  const pcm = sounds('stream')[3];
  const whole = logMelOf(pcm, defaultGeometry);
  for (const hops of [1, 3, 4, 7]) {
    const history = newHistory(defaultGeometry);
    const pieces = new Float32Array(whole.length);
    for (let start = 0; start < pcm.length; start += hops * 256) {
      logMel(pcm.subarray(start, start + hops * 256), history, defaultGeometry, pieces.subarray((start / 256) * 64));
    }
    assert.equal(pieces, whole, `${hops} hops a piece`);
  }
});

test('geometries that differ in one number alone are kept apart', () => {
  const pcm = sounds('apart')[3];
  const whole = logMelOf(pcm, defaultGeometry);
  const others: FrameGeometry[] = [
    { ...defaultGeometry, bands: 40 },
    { ...defaultGeometry, sampleRate: 8000 },
    { ...defaultGeometry, frame: 1024 },
    { ...defaultGeometry, hop: 128 },
  ];
  for (const geometry of others) {
    const fast = logMelOf(pcm, geometry);
    assert.is(fast.length, (pcm.length / geometry.hop) * geometry.bands);
    const start = frameStart(9, geometry);
    const frame = Float32Array.from({ length: geometry.frame }, (_, i) => pcm[start + i] ?? 0);
    const row = fast.subarray(9 * geometry.bands, 10 * geometry.bands);
    assert.ok(distance(logMelFrame(frame, geometry), row) < close, JSON.stringify(geometry));
    assert.equal(logMelOf(pcm, defaultGeometry), whole);
  }
});

test('long input is cut inside and gives the same frames', () => {
  const next = seeded('long').uniform;
  const pcm = Int16Array.from({ length: 200 * 1024 }, () => (next() - 0.5) * 20000);
  const whole = logMelOf(pcm, defaultGeometry);
  const history = newHistory(defaultGeometry);
  const steps = new Float32Array(whole.length);
  for (let step = 0; step < 200; step++)
    logMel(pcm.subarray(step * 1024, (step + 1) * 1024), history, defaultGeometry, steps.subarray(step * 256));
  assert.equal(steps, whole);
});

test('framing is causal: frame 0 hears the first hop after zeros, and nothing later', () => {
  const pcm = new Int16Array(1024);
  pcm[256] = 20000;
  const bands = logMelOf(pcm, defaultGeometry);
  assert.ok(
    bands.subarray(0, 64).every((value) => value === 0),
    'frame 0 ends before sample 256',
  );
  assert.ok(
    bands.subarray(64, 128).some((value) => value > 0),
    'frame 1 holds sample 256',
  );
});

test('float samples at int16 scale give what int16 gives', () => {
  const pcm = sounds('float')[4];
  assert.equal(logMelOf(Float32Array.from(pcm), defaultGeometry), logMelOf(pcm, defaultGeometry));
});

test('the filter bank: edges rise, peaks are 1, every stored weight counts', () => {
  const edges = bandEdges(defaultGeometry);
  assert.is(edges.length, 66);
  assert.is(edges[0], 0);
  assert.is(edges[65], 256);
  const { starts, lengths, offsets, weights } = filterBank(defaultGeometry);
  for (let band = 0; band < 64; band++) {
    const run = weights.subarray(offsets[band], offsets[band] + lengths[band]);
    assert.is(Math.max(...run), 1);
    assert.is(starts[band] + run.indexOf(1), edges[band + 1]);
    assert.ok(run.every((weight) => weight > 0 && weight <= 1));
    assert.ok(starts[band] + lengths[band] <= 256);
  }
});

test('the window is symmetric and zero at both ends', () => {
  const window = hannWindow(512);
  assert.is(window[0], 0);
  assert.ok(Math.abs(window[511]) < 1e-9);
  for (let i = 0; i < 256; i++) assert.ok(Math.abs(window[i] - window[511 - i]) < 1e-6);
});

test('lengths that do not fit are refused by name', () => {
  const out = new Float32Array(1024);
  assert.throws(
    () => logMel(new Int16Array(1000), newHistory(defaultGeometry), defaultGeometry, out),
    /pcm: got 1000 samples/,
  );
  assert.throws(() => logMel(new Int16Array(1024), new Float32Array(255), defaultGeometry, out), /history: got 255/);
  assert.throws(
    () => logMel(new Int16Array(1024), newHistory(defaultGeometry), defaultGeometry, new Float32Array(255)),
    /out: got 255/,
  );
});

test.run();
