/**
 * Matroska and WebM (RFC 9559 on RFC 8794): the first audio track that can be read, front to back, so that a pipe will
 * do and sizes that MediaRecorder leaves open as well. Own code: the library for it takes 12 MB, most of what this
 * package may.
 */
import { aacCodec } from './aac.ts';
import { type AudioBlock, type Decoder, FormatError, join, Notes, silence, viewOfBytes } from './decoder.ts';
import { MpegDecoder } from './mpeg.ts';
import { flacCodec, opusCodec, type PacketCodec, vorbisCodec } from './packets.ts';
import { pcmCodec } from './sample-codec.ts';
import { type TrackCodec, TrackDecoder } from './track.ts';
import { wavCodec } from './wav.ts';

const id = {
  ebml: 0x1a45dfa3,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  codec: 0x86,
  codecPrivate: 0x63a2,
  codecDelay: 0x56aa,
  audio: 0xe1,
  rate: 0xb5,
  channels: 0x9f,
  bitDepth: 0x6264,
  encodings: 0x6d80,
  cluster: 0x1f43b675,
  clusterTime: 0xe7,
  blockGroup: 0xa0,
  block: 0xa1,
  simpleBlock: 0xa3,
  tags: 0x1254c367,
  cues: 0x1c53bb6b,
} as const;

/** Elements whose children are read as if they stood outside. */
const entered = new Set<number>([id.segment, id.cluster, id.blockGroup]);
/** Elements that are read whole. */
const wanted = new Set<number>([id.info, id.tracks, id.clusterTime, id.block, id.simpleBlock]);
const largestElement = 16 << 20;
/** A pause in the timestamps longer than this is one: timestamps are rounded to ms, and frames last up to 120. */
const shortestPause = 0.2;
const longestPause = 3600;

const unsupported: Readonly<Record<string, string>> = {
  A_AC3: 'AC-3',
  A_EAC3: 'E-AC-3',
  A_DTS: 'DTS',
  A_TRUEHD: 'Dolby TrueHD',
  A_MLP: 'MLP',
  A_TTA1: 'TTA',
  A_WAVPACK4: 'WavPack',
};

export function isMatroska(head: Uint8Array): boolean {
  return head.length >= 4 && viewOfBytes(head).getUint32(0) === id.ebml;
}

interface Track {
  readonly number: number;
  readonly decoder: TrackDecoder;
}

export class MatroskaDecoder implements Decoder {
  readonly #notes = new Notes();
  #bytes: Uint8Array = new Uint8Array(0);
  /** Bytes of an element that is left out. */
  #skip = 0;
  #scale = 1_000_000;
  #track: Track | undefined;
  #clusterTime = 0;
  /** Seconds of the first block, from which all are counted. */
  #start: number | undefined;
  /** Seconds by which silence was put in. */
  #paused = 0;

  get problems(): readonly string[] {
    for (const problem of this.#track?.decoder.problems ?? []) this.#notes.add(problem);
    return this.#notes.list;
  }

  async *decode(bytes: Uint8Array): AsyncGenerator<AudioBlock> {
    this.#bytes = join(this.#bytes, bytes);
    while (true) {
      const skipped = Math.min(this.#skip, this.#bytes.length);
      this.#skip -= skipped;
      this.#bytes = this.#bytes.subarray(skipped);
      const head = this.#skip > 0 ? undefined : elementAt(this.#bytes, 0);
      if (!head) return;
      if (entered.has(head.id)) {
        this.#bytes = this.#bytes.subarray(head.start);
        continue;
      }
      if (!wanted.has(head.id)) {
        if (head.size === undefined) throw new FormatError('one of its elements has no size');
        this.#bytes = this.#bytes.subarray(head.start);
        this.#skip = head.size;
        continue;
      }
      if (head.size === undefined || head.size > largestElement)
        throw new FormatError('one of its elements has a senseless size');
      if (this.#bytes.length < head.start + head.size) return;
      const body = this.#bytes.subarray(head.start, head.start + head.size);
      this.#bytes = this.#bytes.subarray(head.start + head.size);
      yield* this.#read(head.id, body);
    }
  }

  async *finish(): AsyncGenerator<AudioBlock> {
    if (this.#bytes.length > 0 || this.#skip > 0) this.#notes.add('it is cut off within an element');
    if (!this.#track) throw new FormatError('it is cut off before its tracks are described');
    yield* this.#track.decoder.finish();
  }

  free(): void {
    this.#track?.decoder.free();
  }

  async *#read(element: number, body: Uint8Array): AsyncGenerator<AudioBlock> {
    if (element === id.info) this.#scale = number(child(body, id.timestampScale)) || this.#scale;
    else if (element === id.tracks) this.#track ??= audioTrack(body);
    else if (element === id.clusterTime) this.#clusterTime = number(body);
    else yield* this.#readBlock(body);
  }

  /** RFC 9559, 10: the track's number, a time within the cluster, flags, and one frame or several. */
  async *#readBlock(body: Uint8Array): AsyncGenerator<AudioBlock> {
    const track = this.#track;
    const head = integerAt(body, 0);
    if (!head || body.length < head.end + 3) {
      this.#notes.add('one of its blocks is damaged');
      return;
    }
    if (!track || head.value !== track.number) return;
    const time = ((this.#clusterTime + viewOfBytes(body).getInt16(head.end)) * this.#scale) / 1e9;
    yield* this.#pause(track.decoder, time);
    const frames = framesOf(body.subarray(head.end + 3), (body[head.end + 2] >> 1) & 3);
    if (frames) yield* track.decoder.take(frames);
    else this.#notes.add('one of its blocks is damaged');
  }

  /** Puts silence where the timestamps have a gap, so that later times stay true. */
  *#pause({ seconds, shape }: TrackDecoder, time: number): Generator<AudioBlock> {
    this.#start ??= time - seconds;
    const missing = time - this.#start - seconds - this.#paused;
    if (!shape || missing < shortestPause || missing > longestPause) return;
    this.#paused += missing;
    yield* silence(Math.round(missing * shape.sampleRate), shape);
  }
}

interface ElementHead {
  readonly id: number;
  readonly start: number;
  /** Undefined where it is not known. */
  readonly size: number | undefined;
}

/** An element's head (RFC 8794, 4 to 6); undefined while it is not all there. */
function elementAt(bytes: Uint8Array, at: number): ElementHead | undefined {
  if (at >= bytes.length) return undefined;
  const width = Math.clz32(bytes[at]) - 23;
  if (width > 4) throw new FormatError('its elements are damaged');
  if (at + width > bytes.length) return undefined;
  let elementId = 0;
  for (let i = 0; i < width; i++) elementId = elementId * 256 + bytes[at + i];
  const size = integerAt(bytes, at + width);
  if (!size) {
    if (bytes.length > at + width + 8) throw new FormatError('its elements are damaged');
    return undefined;
  }
  return { id: elementId, start: size.end, size: size.isUnknown ? undefined : size.value };
}

/** A number whose first bits say how many bytes it has. */
function integerAt(
  bytes: Uint8Array,
  at: number,
): { value: number; end: number; width: number; isUnknown: boolean } | undefined {
  if (at >= bytes.length || bytes[at] === 0) return undefined;
  const width = Math.clz32(bytes[at]) - 23;
  if (at + width > bytes.length) return undefined;
  let value = bytes[at] & ((1 << (8 - width)) - 1);
  for (let i = 1; i < width; i++) value = value * 256 + bytes[at + i];
  return { value, end: at + width, width, isUnknown: value === 2 ** (7 * width) - 1 };
}

function* children(body: Uint8Array): Generator<{ id: number; body: Uint8Array }> {
  for (let at = 0; at < body.length; ) {
    const head = elementAt(body, at);
    if (head?.size === undefined || head.start + head.size > body.length) return;
    yield { id: head.id, body: body.subarray(head.start, head.start + head.size) };
    at = head.start + head.size;
  }
}

function child(body: Uint8Array, wantedId: number): Uint8Array | undefined {
  for (const element of children(body)) if (element.id === wantedId) return element.body;
  return undefined;
}

/** An unsigned integer; 0 where there is none. */
function number(body: Uint8Array | undefined): number {
  let value = 0;
  for (const byte of body?.subarray(0, 8) ?? []) value = value * 256 + byte;
  return value;
}

function float(body: Uint8Array | undefined): number {
  if (body?.length === 4) return viewOfBytes(body).getFloat32(0);
  return body?.length === 8 ? viewOfBytes(body).getFloat64(0) : 0;
}

/** @throws FormatError that tells why none of the tracks can be heard */
function audioTrack(tracks: Uint8Array): Track {
  let refusal: FormatError | undefined;
  for (const { id: element, body } of children(tracks)) {
    if (element !== id.trackEntry || number(child(body, id.trackType)) !== 2) continue;
    try {
      return readTrack(body);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      refusal ??= error;
    }
  }
  throw refusal ?? new FormatError('it has no audio track');
}

function readTrack(entry: Uint8Array): Track {
  const audio = child(entry, id.audio) ?? new Uint8Array(0);
  const name = new TextDecoder('latin1').decode(child(entry, id.codec)).replace(/\0+$/, '');
  if (child(entry, id.encodings))
    throw new FormatError(`its audio is compressed or encrypted ${name}, which cannot be read`);
  const header = (child(entry, id.codecPrivate) ?? new Uint8Array(0)).slice();
  const channels = number(child(audio, id.channels)) || 1;
  const sampleRate = Math.round(float(child(audio, id.rate)) || 8000);
  const bits = number(child(audio, id.bitDepth));
  const codec = codecOf(name, { channels, sampleRate, bits, header });
  return { number: number(child(entry, id.trackNumber)), decoder: new TrackDecoder(codec) };
}

interface TrackShape {
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
  readonly header: Uint8Array;
}

function codecOf(name: string, { channels, sampleRate, bits, header }: TrackShape): TrackCodec {
  if (channels > 256) throw new FormatError(`it has ${channels} channels; at most 256 can be heard`);
  const shape = { channels, sampleRate };
  if (name === 'A_OPUS') return opusCodec(header);
  if (name === 'A_VORBIS') return vorbis(header);
  if (name === 'A_FLAC') return flacCodec(header.subarray(8));
  if (name === 'A_PCM/INT/LIT' || name === 'A_PCM/INT/BIG') {
    const width = Math.ceil(bits / 8);
    const kind = width === 1 ? 'unsigned' : 'signed';
    if (width >= 1 && width <= 8) return pcmCodec({ ...shape, kind, width, bits, bigEndian: name.endsWith('BIG') });
  }
  if (name === 'A_PCM/FLOAT/IEEE') return pcmCodec({ ...shape, kind: 'float', width: Math.ceil(bits / 8) });
  if (name.startsWith('A_MPEG/')) return new MpegDecoder();
  if (name === 'A_AAC') {
    if (header.length < 2) throw new FormatError('its description of AAC is damaged');
    return aacCodec({ name: 'AAC', ...shape, config: { asc: header.subarray(0, 64) } });
  }
  if (name === 'A_ALAC') {
    if (header.length < 24 || header[header.length - 24 + 9] === 0)
      throw new FormatError('its description of Apple Lossless is damaged');
    return aacCodec({ name: 'Apple Lossless', ...shape, config: { alac: header } });
  }
  if (name === 'A_MS/ACM') return wavCodec(header);
  const known = Object.keys(unsupported).find((prefix) => name.startsWith(prefix));
  throw new FormatError(`its audio is ${known ? unsupported[known] : name} in Matroska, which cannot be read`);
}

/** The three headers of Vorbis, laced as Xiph does. */
function vorbis(header: Uint8Array): PacketCodec {
  const packets = header[0] === 2 ? xiphLaced(header.subarray(1), 3) : undefined;
  if (!packets) throw new FormatError('its Vorbis header is damaged');
  return vorbisCodec(packets[0], () => packets[2]);
}

/** RFC 9559, 10.3: the frames of a block. */
function framesOf(body: Uint8Array, lacing: number): Uint8Array[] | undefined {
  if (lacing === 0) return [body];
  const count = (body[0] ?? 0) + 1;
  const rest = body.subarray(1);
  if (lacing === 1) return xiphLaced(rest, count);
  if (lacing === 3) return ebmlLaced(rest, count);
  const size = rest.length / count;
  if (!Number.isInteger(size)) return undefined;
  return Array.from({ length: count }, (_, i) => rest.subarray(i * size, (i + 1) * size));
}

function xiphLaced(bytes: Uint8Array, count: number): Uint8Array[] | undefined {
  const sizes: number[] = [];
  let at = 0;
  while (sizes.length < count - 1) {
    let size = 0;
    while (bytes[at] === 255) size += bytes[at++];
    if (at >= bytes.length) return undefined;
    sizes.push(size + bytes[at++]);
  }
  return split(bytes.subarray(at), sizes);
}

function ebmlLaced(bytes: Uint8Array, count: number): Uint8Array[] | undefined {
  const sizes: number[] = [];
  let at = 0;
  while (sizes.length < count - 1) {
    const size = integerAt(bytes, at);
    if (!size) return undefined;
    at = size.end;
    // The first is a size, the others are differences around the middle of their range.
    const before = sizes.at(-1);
    sizes.push(before === undefined ? size.value : before + size.value - (2 ** (7 * size.width - 1) - 1));
  }
  return split(bytes.subarray(at), sizes);
}

/** Pieces of the sizes given, and what is left. */
function split(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] | undefined {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    if (size < 0 || at + size > bytes.length) return undefined;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...pieces, bytes.subarray(at)];
}
