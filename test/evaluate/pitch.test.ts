import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readClip } from '../../src/convert/clip.ts';
import { medianPitch, pitchBand, pitchBands } from '../../tools/evaluate/pitch.ts';
import { whiteNoise } from '../accuracy/signals.ts';

/** A voice of sorts: many harmonics on a steady pitch. */
const buzz = (hertz: number): Float32Array =>
  Float32Array.from({ length: 16000 }, (_, i) =>
    [1, 2, 3, 4, 5].reduce((sum, k) => sum + (0.1 / k) * Math.sin((2 * Math.PI * hertz * k * i) / 16000), 0),
  );

test('the pitch of a buzz within two hertz; none in noise', () => {
  for (const hertz of [85, 145, 230, 410]) {
    const pitch = medianPitch(buzz(hertz));
    assert.ok(pitch !== undefined && Math.abs(pitch - hertz) < 2, `${hertz}: ${pitch}`);
  }
  assert.is(medianPitch(whiteNoise(0.1)(1)), undefined);
});

test('a man and a woman fall into different bands', async () => {
  const pitchOf = async (file: string) =>
    medianPitch(await readClip(fileURLToPath(new URL(`../fixtures/voices/${file}`, import.meta.url)), 3))!;
  const [man, woman] = [await pitchOf('male-rms-1.flac'), await pitchOf('female-slt-1.flac')];
  assert.ok(man > 70 && man < 140, `${man}`);
  assert.ok(woman > 150 && woman < 260, `${woman}`);
});

test('bands have no gap between them', () => {
  assert.equal(pitchBands, [
    'below 120 Hz',
    '120 to 150 Hz',
    '150 to 180 Hz',
    '180 to 220 Hz',
    'from 220 Hz',
    'no pitch',
  ]);
  assert.equal([119.9, 120, 150, 219, 220, undefined].map(pitchBand), [
    'below 120 Hz',
    '120 to 150 Hz',
    '150 to 180 Hz',
    '180 to 220 Hz',
    'from 220 Hz',
    'no pitch',
  ]);
});

test.run();
