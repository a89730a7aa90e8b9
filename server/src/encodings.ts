/** Bytes of the wire as samples that the library takes. */
import { ServiceError } from './http/errors.ts';

export type Encoding = 's16le' | 'f32le' | 'mulaw' | 'alaw';

const tables: Partial<Record<Encoding, Int16Array>> = {};

/** @throws ServiceError if the bytes are no whole number of samples */
export function samplesOf(bytes: Uint8Array, encoding: Encoding): Uint8Array | Int16Array | Float32Array {
  if (encoding === 's16le') return bytes;
  if (encoding === 'f32le') {
    if (bytes.length % 4 !== 0)
      throw new ServiceError(400, 'bad_argument', `data: ${bytes.length} bytes are no whole number of f32le samples`);
    return new Float32Array(bytes.slice().buffer);
  }
  const table = (tables[encoding] ??= Int16Array.from({ length: 256 }, (_, code) =>
    encoding === 'mulaw' ? mulaw(code) : alaw(code),
  ));
  return Int16Array.from(bytes, (code) => table[code] ?? 0);
}

/** ITU-T G.711, mu-law: sign, three bits of exponent, four of mantissa, all inverted. */
function mulaw(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = (((bits & 0x0f) << 3) + 0x84) << ((bits >> 4) & 7);
  return bits & 0x80 ? 0x84 - magnitude : magnitude - 0x84;
}

/** ITU-T G.711, A-law: every second bit inverted; the lowest segment is linear. */
function alaw(code: number): number {
  const bits = code ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = ((bits & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}
