import { ArgumentError, describe } from '../errors.ts';
import { type AudioData, bytesPerSample, type Channel, type Encoding } from './format.ts';
import { aLaw, muLaw } from './g711.ts';

export type Samples = Int16Array | Float32Array;

/** Full scale of int16: a float sample of 1 stands for it. */
export const fullScale = 32768;

/** Beyond this a float sample is no loud passage but an integer that was cast and never divided by 32768. */
export const largestFloat = 4;

export type Kind = 'Int16Array' | 'Float32Array' | 'Uint8Array';
const kinds: readonly string[] = ['Int16Array', 'Float32Array', 'Uint8Array'] satisfies Kind[];

/** A piece of audio as a view of our own realm: what comes from a worker or a vm is an array as well. */
export type View =
  | { readonly kind: 'Uint8Array'; readonly view: Uint8Array }
  | { readonly kind: 'Int16Array' | 'Float32Array'; readonly view: Samples };

const byteLength = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength')!.get!;

/** @throws ArgumentError for another type and for memory that was given away */
export function viewOf(data: unknown): View {
  if (ArrayBuffer.isView(data)) {
    const kind = (data as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag];
    const { buffer, byteOffset, length } = data as Uint8Array;
    if (kinds.includes(kind)) {
      if (length === 0) refuseDetached(buffer);
      if (kind === 'Uint8Array') return { kind, view: new Uint8Array(buffer, byteOffset, length) };
      const Kept = kind === 'Int16Array' ? Int16Array : Float32Array;
      return { kind: kind as 'Int16Array', view: new Kept(buffer as ArrayBuffer, byteOffset, length) };
    }
  } else if (isArrayBuffer(data)) {
    refuseDetached(data);
    return { kind: 'Uint8Array', view: new Uint8Array(data) };
  }
  throw new ArgumentError(
    'data',
    describe(data),
    'an Int16Array, a Float32Array in [-1, 1], or bytes (Uint8Array, ArrayBuffer) in an encoding',
  );
}

/** Of any realm. */
export function isArrayBuffer(data: unknown): data is ArrayBuffer {
  try {
    byteLength.call(data);
    return true;
  } catch {
    return false;
  }
}

function refuseDetached(buffer: ArrayBufferLike): void {
  try {
    new Uint8Array(buffer);
  } catch {
    throw new ArgumentError('data', 'a buffer that is detached', 'audio that is still there, not transferred away');
  }
}

/** The samples of a piece of audio; `own`: in memory that nobody else holds. */
export interface Decoded {
  readonly samples: Samples;
  readonly own: boolean;
}

/**
 * The samples of a piece of audio. int16 and aligned bytes are not copied. Floats are not looked at: checkFloats does
 * it.
 * @throws ArgumentError for another type and for a number of bytes that makes no whole samples
 */
export function samplesOf(data: AudioData, encoding?: Encoding): Decoded {
  const { kind, view } = viewOf(data);
  if (kind === 'Uint8Array') {
    const width = bytesPerSample[encoding ?? 's16le'];
    if (view.length % width !== 0) {
      const number = width === 2 ? 'an even number of bytes' : `a multiple of ${width} bytes`;
      throw new ArgumentError(
        'data',
        `${view.length} bytes`,
        `${number}: ${encoding ?? 's16le'} samples take ${width} each`,
      );
    }
    return samplesOfBytes(view, encoding);
  }
  checkEncodingOf(kind, encoding);
  return { samples: view, own: false };
}

/** @throws ArgumentError where an encoding is named that the array contradicts */
export function checkEncodingOf(kind: Kind, encoding: Encoding | undefined): void {
  if (encoding === undefined || kind === 'Uint8Array') return;
  if (encoding !== (kind === 'Int16Array' ? 's16le' : 'f32le'))
    throw new ArgumentError(
      'encoding',
      `"${encoding}" for an ${kind}`.replace('an F', 'a F'),
      'left out: only bytes have an encoding',
    );
}

/** Whole samples in bytes. */
export function samplesOfBytes(bytes: Uint8Array, encoding: Encoding = 's16le'): Decoded {
  if (encoding === 'mulaw' || encoding === 'alaw') {
    const table = encoding === 'mulaw' ? muLaw : aLaw;
    const samples = new Int16Array(bytes.length);
    for (let i = 0; i < bytes.length; i++) samples[i] = table[bytes[i]];
    return { samples, own: true };
  }
  const width = bytesPerSample[encoding];
  const Kept = encoding === 'f32le' ? Float32Array : Int16Array;
  const aligned = bytes.byteOffset % width === 0;
  if (littleEndian && aligned)
    return { samples: new Kept(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / width), own: false };
  // Not by slice, which copies nothing where the bytes are a Buffer.
  const copy = new Uint8Array(bytes);
  if (!littleEndian) for (let at = 0; at < copy.length; at += width) copy.subarray(at, at + width).reverse();
  return { samples: new Kept(copy.buffer), own: true };
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

export interface FloatCheck {
  /** Added to the index in the error. */
  readonly offset?: number;
  /** NaN and infinity are let through. */
  readonly allowInvalid?: boolean;
}

/** @throws ArgumentError for NaN, infinity and floats beyond +-4, with the index */
export function checkFloats(samples: Samples, { offset = 0, allowInvalid = false }: FloatCheck = {}): void {
  if (samples instanceof Int16Array) return;
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i];
    // One comparison for the common case; NaN fails it too.
    if (value >= -largestFloat && value <= largestFloat) continue;
    const got = `${value} at index ${offset + i}`;
    if (Number.isFinite(value)) throw new ArgumentError('data', got, notNormalised);
    if (!allowInvalid) throw new ArgumentError('data', got, 'finite everywhere');
  }
}

/**
 * Puts silence in the place of NaN and infinity, in a copy where there are any; `found` is told the first one's index.
 */
export function withSilence(samples: Samples, found: (index: number) => void): Samples {
  if (samples instanceof Int16Array) return samples;
  const first = samples.findIndex((value) => !Number.isFinite(value));
  if (first === -1) return samples;
  found(first);
  return samples.map((value) => (Number.isFinite(value) ? value : 0));
}

const notNormalised =
  `normalised to [-1, 1] (up to +-${largestFloat} is clipped); these look like integers that were cast, ` +
  'not normalised: divide by 32768 or pass an Int16Array';

/**
 * One channel of interleaved samples, or the mean of all; a view where there is only one. Samples that do not fill a
 * frame are left out. The mean is taken in floats, so int16 and floats of the same audio give the same bits.
 */
export function pickChannel(interleaved: Samples, channels: number, channel: Channel): Samples {
  if (channels === 1) return interleaved;
  const frames = Math.floor(interleaved.length / channels);
  if (channel === 'mix') return mean(interleaved, channels, new Float32Array(frames));
  const picked = interleaved instanceof Float32Array ? new Float32Array(frames) : new Int16Array(frames);
  for (let i = 0, at = channel; i < frames; i++, at += channels) picked[i] = interleaved[at];
  return picked;
}

function mean(interleaved: Samples, channels: number, out: Float32Array): Float32Array {
  const scale = (interleaved instanceof Int16Array ? 1 / fullScale : 1) / channels;
  for (let i = 0, at = 0; i < out.length; i++) {
    let sum = 0;
    for (const end = at + channels; at < end; at++) sum += interleaved[at];
    out[i] = sum * scale;
  }
  return out;
}

/** The mean of channels that lie apart, to the same bits as of interleaved ones. */
export function mixed(channels: readonly Samples[]): Samples {
  if (channels.length === 1) return channels[0];
  const out = new Float32Array(channels[0].length);
  const scale = 1 / channels.length / (channels[0] instanceof Int16Array ? fullScale : 1);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (const channel of channels) sum += channel[i];
    out[i] = sum * scale;
  }
  return out;
}

/** Samples in [-1, 1]. */
export function floatsOf(samples: Samples): Float32Array {
  return samples instanceof Float32Array ? samples : Float32Array.from(samples, (sample) => sample / fullScale);
}

/** Rounds and clips samples at int16 scale. */
export function roundToInt16(samples: Float32Array, scale: number, out: Int16Array): Int16Array {
  for (let i = 0; i < samples.length; i++) {
    const value = Math.round(samples[i] * scale);
    out[i] = value > 32767 ? 32767 : value < -32768 ? -32768 : value;
  }
  return out;
}
