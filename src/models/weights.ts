/** How the numbers of a tensor stand in a model file, and back. Everything is little-endian, as all our devices are. */
import { type Shape, sizeOf } from '../graph/tensor.ts';

export const encodings = ['float32', 'float16', 'int8'] as const;
export type Encoding = (typeof encodings)[number];
export const bytesPerElement: Readonly<Record<Encoding, number>> = { float32: 4, float16: 2, int8: 1 };

export interface EncodedWeights {
  readonly encoding: Encoding;
  readonly data: Uint8Array;
  /** int8 only: float32 factors, one for each position on the last axis. */
  readonly scales?: Uint8Array;
}

const bytesOf = (array: Float32Array | Uint16Array | Int8Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
/** A copy, because a view into a file starts anywhere; not by `slice`, which copies nothing where the file is a Buffer. */
const aligned = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

export function encodeWeights(values: Float32Array, shape: Shape, encoding: Encoding): EncodedWeights {
  if (encoding === 'float16') return { encoding, data: bytesOf(Uint16Array.from(values, toHalf)) };
  if (encoding === 'int8') return encodeInt8(values, shape.at(-1) ?? 1);
  return { encoding, data: bytesOf(values) };
}

export function decodeWeights({ encoding, data, scales }: EncodedWeights, shape: Shape): Float32Array {
  if (encoding === 'float32') return new Float32Array(aligned(data));
  if (encoding === 'float16') return Float32Array.from(new Uint16Array(aligned(data)), fromHalf);
  const factors = new Float32Array(aligned(scales!));
  const quantized = new Int8Array(aligned(data));
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = quantized[i]! * factors[i % factors.length]!;
  return values;
}

/** Symmetric, one scale a channel out: the largest magnitude of the channel becomes 127. */
function encodeInt8(values: Float32Array, channels: number): EncodedWeights {
  const scales = new Float32Array(channels);
  values.forEach((value, i) => (scales[i % channels] = Math.max(scales[i % channels]!, Math.abs(value) / 127)));
  const data = Int8Array.from(values, (value, i) => (scales[i % channels] === 0 ? 0 : Math.round(value / scales[i % channels]!)));
  return { encoding: 'int8', data: bytesOf(data), scales: bytesOf(scales) };
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** IEEE 754 binary16, rounded to nearest, ties to even; what is too large becomes infinity. */
export function toHalf(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return sign | roundToEven(Math.abs(scratch[0]!) * 2 ** 24);
  return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13);
}

function roundToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
