/** Frames of FLAC: every form of RFC 9639 comes back to the bit, and a damaged frame is told from an unfinished one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeFlacFrame, type FlacFrame, incomplete, invalid, type StreamInfo } from '../../src/audio/flac-frame.ts';
import { type FrameOptions, flacFrame, type Residual, type Subframe } from '../support/flac-frames.ts';
import { seeded } from '../support/random.ts';

const block = 96;

const infoOf = (channels: number, bits: number): StreamInfo => ({
  sampleRate: 16000,
  channels,
  bits,
  length: 0,
  largestBlock: block,
  largestFrame: 0,
});

/** A tone with noise, as large as the depth allows. */
function sound(seed: string, bits: number, share = 0.9): number[] {
  const random = seeded(seed);
  const top = 2 ** (bits - 1) - 1;
  return Array.from({ length: block }, (_, i) =>
    Math.round(share * top * (0.8 * Math.sin(i / 5 + random.uniform() * 0.01) + 0.2 * (2 * random.uniform() - 1))),
  );
}

function comesBack(
  title: string,
  channels: readonly (readonly number[])[],
  subframe: Subframe,
  options: FrameOptions,
): void {
  test(title, () => {
    const bytes = flacFrame(channels, subframe, options);
    // Bytes before and behind are not the frame's.
    const around = Uint8Array.from([1, 2, 3, ...bytes, 0xff, 0xf8, 7]);
    const frame = decodeFlacFrame(around, 3, infoOf(channels.length, options.bits)) as FlacFrame;
    assert.is(typeof frame, 'object', `${frame}`);
    assert.is(frame.end, 3 + bytes.length);
    assert.is(frame.sampleRate, 16000);
    assert.is(frame.bits, options.bits);
    assert.equal(
      frame.channels.map((samples) => [...samples]),
      channels,
    );
  });
}

const predictor = { kind: 'lpc', coefficients: [1600, -900, 200], shift: 10 } as const;
const long = {
  kind: 'lpc',
  coefficients: Array.from({ length: 32 }, (_, i) => ((i * 37) % 19) * 30 - 250),
  shift: 9,
} as const;
const residuals: Readonly<Record<string, Residual>> = {
  'Rice codes': {},
  'Rice codes in parts': { partitions: 3 },
  'Rice codes of five bits': { field: 5, partitions: 1 },
  'numbers as they are': { raw: true, partitions: 2 },
};

for (const bits of [8, 16, 24]) {
  const [left, right] = [sound(`left ${bits}`, bits), sound(`right ${bits}`, bits)];
  comesBack(`${bits} bits: verbatim`, [left, right, left], { kind: 'verbatim' }, { bits });
  comesBack(`${bits} bits: constant`, [left.map(() => -3), left.map(() => 5)], { kind: 'constant' }, { bits });
  for (let order = 0; order <= 4; order++)
    for (const [name, residual] of Object.entries(residuals))
      comesBack(
        `${bits} bits: fixed prediction of order ${order}, ${name}`,
        [left],
        { kind: 'fixed', order, residual },
        { bits },
      );
  for (const [name, residual] of Object.entries(residuals))
    comesBack(`${bits} bits: linear prediction, ${name}`, [left, right], { ...predictor, residual }, { bits });
  comesBack(`${bits} bits: linear prediction of order 32`, [left], { ...long, residual: { field: 5 } }, { bits });
  for (const stereo of [1, 2, 3] as const) {
    comesBack(`${bits} bits: stereo ${stereo}`, [left, right], { kind: 'fixed', order: 2 }, { bits, stereo });
    comesBack(`${bits} bits: stereo ${stereo}, verbatim`, [left, right], { kind: 'verbatim' }, { bits, stereo });
  }
  const coarse = left.map((value) => Math.round(value / 8) * 8);
  for (const subframe of [{ kind: 'verbatim' }, { kind: 'fixed', order: 4 }, predictor] as const)
    comesBack(`${bits} bits: three low bits left out, ${subframe.kind}`, [coarse], subframe, { bits, wasted: 3 });
}

// A difference of two numbers of 32 bits takes 33.
const wide = [sound('wide left', 32, 0.99), sound('wide right', 32, 0.99).map((value) => -value)];
for (const stereo of [0, 1, 2, 3] as const)
  comesBack(`32 bits: stereo ${stereo}`, wide, { kind: 'verbatim' }, { bits: 32, stereo });

test('a frame that is cut off anywhere is unfinished, one that is altered anywhere is invalid', () => {
  const bytes = flacFrame(
    [sound('a', 16), sound('b', 16)],
    { ...predictor, residual: { partitions: 2 } },
    { bits: 16, stereo: 3 },
  );
  const info = infoOf(2, 16);
  for (let length = 2; length < bytes.length; length++)
    assert.is(decodeFlacFrame(bytes.subarray(0, length), 0, info), incomplete, `${length} of ${bytes.length} bytes`);
  for (let at = 0; at < bytes.length; at++) {
    const altered = bytes.slice();
    altered[at] ^= 1 << (at % 8);
    const got = decodeFlacFrame(altered, 0, info);
    assert.ok(got === invalid || got === incomplete, `byte ${at}`);
  }
  // In the middle all bytes are there, so only the sum can tell.
  const altered = bytes.slice();
  altered[bytes.length - 2] ^= 1;
  assert.is(decodeFlacFrame(altered, 0, info), invalid);
});

test.run();
