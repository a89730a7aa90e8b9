/**
 * The boxes of MP4, M4A, 3GP and QuickTime (ISO/IEC 14496-12; QuickTime File Format Specification), none of them
 * believed.
 */
import { FormatError, tagAt, viewOfBytes } from './decoder.ts';

export interface Box {
  readonly type: string;
  readonly body: Uint8Array;
  /** Where the box begins in the bytes that were walked. */
  readonly at: number;
}

/** Boxes that are deeper than any file has them are damage. */
const deepest = 12;

/** A box's type, the bytes of its header, and all its bytes; size 1 means 64 bits follow, size 0 the rest. */
export function boxHead(bytes: Uint8Array, at: number, rest: number): { type: string; header: number; size: number } {
  const view = viewOfBytes(bytes);
  const size = view.getUint32(at);
  const type = tagAt(bytes, at + 4);
  if (size === 1 && at + 16 <= bytes.length) return { type, header: 16, size: Number(view.getBigUint64(at + 8)) };
  return { type, header: 8, size: size === 0 ? rest : size };
}

/** The boxes one behind the other in `bytes`; what does not fit ends them. */
export function* boxesIn(bytes: Uint8Array): Generator<Box> {
  for (let at = 0; at + 8 <= bytes.length; ) {
    const { type, header, size } = boxHead(bytes, at, bytes.length - at);
    if (size < header || at + size > bytes.length) return;
    yield { type, body: bytes.subarray(at + header, at + size), at };
    at += size;
  }
}

/** The first box at a path of types. */
export function boxAt(bytes: Uint8Array, ...path: readonly string[]): Uint8Array | undefined {
  if (path.length > deepest) return undefined;
  for (const { type, body } of boxesIn(bytes)) {
    if (type !== path[0]) continue;
    const found = path.length === 1 ? body : boxAt(body, ...path.slice(1));
    if (found) return found;
  }
  return undefined;
}

/** A table of a box with a version, a count and entries of one width; its count is held against its size. */
export class Table {
  readonly count: number;
  readonly #view: DataView;
  readonly #start: number;
  readonly #width: number;

  constructor(name: string, body: Uint8Array, width: number, start = 8) {
    this.#view = viewOfBytes(body);
    this.#start = start;
    this.#width = width;
    if (body.length < start) throw new FormatError(`its index is damaged (${name})`);
    this.count = this.#view.getUint32(start - 4);
    if (this.count * width > body.length - start)
      throw new FormatError(`its index is damaged (${name} promises ${this.count} entries)`);
  }

  /** A number of 32 bits in an entry. */
  at(entry: number, offset = 0): number {
    return this.#view.getUint32(this.#start + entry * this.#width + offset);
  }

  /** One of 64 bits. */
  longAt(entry: number, offset = 0): number {
    return this.at(entry, offset) * 2 ** 32 + this.at(entry, offset + 4);
  }
}

/** What an elementary stream descriptor says of its decoder (ISO/IEC 14496-1, 7.2.6). */
export interface StreamDescription {
  readonly objectType: number;
  readonly config: Uint8Array | undefined;
}

export function readEsds(body: Uint8Array): StreamDescription | undefined {
  const stream = descriptorIn(body.subarray(4), 3);
  if (!stream || stream.length < 3) return undefined;
  const flags = stream[2];
  const url = flags & 0x40 ? 1 + (stream[3 + (flags & 0x80 ? 2 : 0)] ?? 0) : 0;
  const decoder = descriptorIn(stream.subarray(3 + (flags & 0x80 ? 2 : 0) + url + (flags & 0x20 ? 2 : 0)), 4);
  if (!decoder || decoder.length < 13) return undefined;
  return { objectType: decoder[0], config: descriptorIn(decoder.subarray(13), 5) };
}

/** The body of the first descriptor with a tag; its length has seven bits a byte, four bytes at most. */
function descriptorIn(bytes: Uint8Array, wanted: number): Uint8Array | undefined {
  for (let at = 0; at + 2 <= bytes.length; ) {
    const tag = bytes[at++];
    let length = 0;
    for (let i = 0; i < 4 && at < bytes.length; i++) {
      const byte = bytes[at++];
      length = (length << 7) | (byte & 127);
      if (byte < 128) break;
    }
    if (at + length > bytes.length) return tag === wanted && at < bytes.length ? bytes.subarray(at) : undefined;
    if (tag === wanted) return bytes.subarray(at, at + length);
    at += length;
  }
  return undefined;
}
