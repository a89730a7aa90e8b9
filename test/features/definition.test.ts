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
import { logmel } from '../../src/ops/logmel.ts';
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

  test(`the definition equals Meyda's melBands (${name})`, () => {
    const melBands = meydaMelBands(geometry);
    for (const [index, pcm] of sounds('parity').entries()) {
      for (let j = 0; j < pcm.length / geometry.hop; j += 3) {
        const start = frameStart(j, geometry);
        const frame = Float32Array.from({ length: geometry.frame }, (_, i) => pcm[start + i] ?? 0);
        const away = distance(melBands(frame), logMelFrame(frame, geometry));
        assert.ok(away < close, `sound ${index} frame ${j}: ${away}`);
      }
    }
  });
}

test('framing is causal: frame 0 hears the first hop after zeros, and nothing later', () => {
  const pcm = new Int16Array(1024);
  pcm[256] = 20000;
  const node = { name: 'logmel', op: 'logmel', inputs: ['pcm'], outputs: ['y'], attributes: {} };
  const [{ data }] = logmel.compute(node, [{ shape: [1, 1024], data: pcm }], []);
  assert.ok(
    data.subarray(0, 64).every((value) => value === 0),
    'frame 0 ends before sample 256',
  );
  assert.ok(
    data.subarray(64, 128).some((value) => value > 0),
    'frame 1 holds sample 256',
  );
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

test.run();
