/** How the numbers of a tensor stand in a model file, and back. Everything is little-endian, as all our devices are. */
import { fromHalf, toHalf } from '../graph/half.ts';
import { type Shape, sizeOf } from '../graph/tensor.ts';

export const encodings = ['float32', 'float16', 'int8'] as const;
export type Encoding = (typeof encodings)[number];
export const bytesPerElement: Readonly<Record<Encoding, number>> = { float32: 4, float16: 2, int8: 1 };

export interface EncodedWeights {
  readonly encoding: Encoding;
  readonly data: Uint8Array;
  /** int8 only: float32 factors, one for each position on the last axis. */
  readonly scales?: Uint8Array | undefined;
}

const bytesOf = (array: Float32Array | Uint16Array | Int8Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
/**
 * A copy, because a view into a file starts anywhere; not by `slice`, which copies nothing where the file is a Buffer.
 */
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
  for (let i = 0; i < values.length; i++) values[i] = quantized[i] * factors[i % factors.length];
  return values;
}

/** Symmetric, one scale a channel out: the largest magnitude of the channel becomes 127. */
function encodeInt8(values: Float32Array, channels: number): EncodedWeights {
  const scales = new Float32Array(channels);
  values.forEach((value, i) => (scales[i % channels] = Math.max(scales[i % channels], Math.abs(value) / 127)));
  const data = Int8Array.from(values, (value, i) =>
    scales[i % channels] === 0 ? 0 : Math.round(value / scales[i % channels]),
  );
  return { encoding: 'int8', data: bytesOf(data), scales: bytesOf(scales) };
}
