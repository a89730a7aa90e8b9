import { ArgumentError } from '../errors.ts';
import { type AudioData, describe } from './format.ts';

export type Samples = Int16Array | Float32Array;

/** Full scale of int16: a float sample of 1 stands for it. */
export const fullScale = 32768;

/** Beyond this a float sample is no loud passage but an integer that was cast and never divided by 32768. */
export const largestFloat = 4;

const kinds = ['Int16Array', 'Float32Array', 'Uint8Array'] as const;
type Kind = (typeof kinds)[number];

/** The kind of array, also for one that came from another realm (a worker, a test's vm). */
export function kindOf(data: unknown): Kind {
  const tag = ArrayBuffer.isView(data)
    ? (data as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag]
    : undefined;
  const kind = kinds.find((name) => name === tag);
  if (!kind)
    throw new ArgumentError(
      'data',
      describe(data),
      'an Int16Array, a Float32Array in [-1, 1] or a Uint8Array of s16le bytes',
    );
  return kind;
}

/**
 * The samples of a piece of audio, checked. Bytes are little-endian 16-bit; int16 and aligned bytes are not copied.
 * @throws ArgumentError for another type, an odd byte count, NaN, infinity (with the index), or floats beyond +-4.
 */
export function samplesOf(data: AudioData): Samples {
  const kind = kindOf(data);
  const { buffer, byteOffset, length } = data;
  // Views of our own realm, so that instanceof tells them apart from here on.
  switch (kind) {
    case 'Int16Array':
      return data instanceof Int16Array ? data : new Int16Array(buffer, byteOffset, length);
    case 'Uint8Array':
      if (length % 2 !== 0)
        throw new ArgumentError('data', `${length} bytes`, 'an even number of bytes: s16le samples take two each');
      return int16FromBytes(new Uint8Array(buffer, byteOffset, length));
    case 'Float32Array':
      return checkedFloats(data instanceof Float32Array ? data : new Float32Array(buffer, byteOffset, length));
  }
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** s16le bytes, an even number of them. */
export function int16FromBytes(bytes: Uint8Array): Int16Array {
  if (littleEndian) {
    const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
    return new Int16Array(aligned.buffer, aligned.byteOffset, bytes.length / 2);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Int16Array.from({ length: bytes.length / 2 }, (_, i) => view.getInt16(2 * i, true));
}

function checkedFloats(data: Float32Array): Float32Array {
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    // One comparison for the common case; NaN fails it too.
    if (value >= -largestFloat && value <= largestFloat) continue;
    if (!Number.isFinite(value)) throw new ArgumentError('data', `${value} at index ${i}`, 'finite everywhere');
    throw new ArgumentError(
      'data',
      `${value} at index ${i}`,
      `normalised to [-1, 1] (up to +-${largestFloat} is clipped); these look like integers that were cast, not normalised: divide by 32768 or pass an Int16Array`,
    );
  }
  return data;
}

/** One channel of interleaved samples; a view where there is only one. Samples that do not fill a frame are left out. */
export function pickChannel<T extends Samples>(interleaved: T, channels: number, channel: number): T {
  if (channels === 1) return interleaved;
  const frames = Math.floor(interleaved.length / channels);
  const picked = (interleaved instanceof Float32Array ? new Float32Array(frames) : new Int16Array(frames)) as T;
  for (let i = 0, at = channel; i < frames; i++, at += channels) picked[i] = interleaved[at];
  return picked;
}

/** Rounds and clips samples at int16 scale. */
export function roundToInt16(samples: Float32Array, scale: number, out: Int16Array): Int16Array {
  for (let i = 0; i < samples.length; i++) {
    const value = Math.round(samples[i] * scale);
    out[i] = value > 32767 ? 32767 : value < -32768 ? -32768 : value;
  }
  return out;
}
