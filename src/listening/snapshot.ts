/**
 * A stream's state as bytes, and back: a magic, a version, a checksum, the length of the JSON; the JSON, in which typed
 * arrays are places; the arrays. Little-endian, as all machines of ours are.
 */
import { describe } from '../audio/format.ts';
import { isArrayBuffer } from '../audio/samples.ts';
import { ArgumentError } from '../errors.ts';

const magic = 0x73747475;
const version = 1;
const headBytes = 16;
const allowed = 'what stream.snapshot() gave, unchanged';

const arrays = { Float32Array, Int16Array, Uint8Array } as const;
type ArrayName = keyof typeof arrays;
type Packed = InstanceType<(typeof arrays)[ArrayName]>;

interface Place {
  readonly $array: ArrayName;
  readonly at: number;
  readonly length: number;
}

export function pack(state: unknown): Uint8Array {
  const parts: Uint8Array[] = [];
  let size = 0;
  const json = new TextEncoder().encode(
    JSON.stringify(state, (_, value: unknown) => {
      const name = (Object.keys(arrays) as ArrayName[]).find((name) => value instanceof arrays[name]);
      if (!name) return value;
      const array = value as Packed;
      const place: Place = { $array: name, at: size, length: array.length };
      parts.push(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      size += array.byteLength;
      return place;
    }),
  );
  const bytes = new Uint8Array(headBytes + json.length + size);
  bytes.set(json, headBytes);
  let at = headBytes + json.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  const head = new Uint32Array(bytes.buffer, 0, 4);
  head.set([magic, version, 0, json.length]);
  head[2] = checksum(bytes);
  return bytes;
}

/** @throws ArgumentError for anything but what `pack` gave */
export function unpack(snapshot: unknown): unknown {
  const bytes = bytesOf(snapshot);
  const head = new Uint32Array(bytes.slice(0, headBytes).buffer, 0, Math.min(4, bytes.length >> 2));
  if (head[0] !== magic || bytes.length < headBytes)
    throw new ArgumentError('resume', 'bytes that are no snapshot', allowed);
  if (head[1] !== version)
    throw new ArgumentError('resume', `a snapshot of version ${head[1]}`, `of version ${version}, from this release`);
  if (head[2] !== checksum(bytes)) throw new ArgumentError('resume', 'a snapshot that was altered or cut off', allowed);
  const end = headBytes + head[3];
  return JSON.parse(new TextDecoder().decode(bytes.subarray(headBytes, end)), (_, value: Partial<Place> | null) => {
    if (typeof value?.$array !== 'string') return value;
    const { $array, at, length } = value as Place;
    const start = end + at;
    return new arrays[$array](bytes.slice(start, start + length * arrays[$array].BYTES_PER_ELEMENT).buffer);
  });
}

/** In memory of our own realm, not a Buffer, whose slice does not copy. */
function bytesOf(snapshot: unknown): Uint8Array {
  if (isArrayBuffer(snapshot)) return new Uint8Array(snapshot);
  if (ArrayBuffer.isView(snapshot)) return new Uint8Array(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  throw new ArgumentError('resume', describe(snapshot), allowed);
}

/** FNV-1a of 32 bits over all but the checksum itself (draft-eastlake-fnv). */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) {
    if (i >= 8 && i < 12) continue;
    hash = Math.imul(hash ^ bytes[i], 0x01000193);
  }
  return hash >>> 0;
}
