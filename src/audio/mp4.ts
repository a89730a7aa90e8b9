/**
 * MP4, M4A, 3GP and QuickTime: the first audio track that can be read, of files with one index (moov) anywhere and of
 * fragmented ones (ISO/IEC 14496-12). Own code because its input is hostile: every count is held against the bytes that
 * are there before it is believed, and the tables are walked, not unrolled.
 */
import type { Presentation } from './aac.ts';
import type { ByteReader } from './byte-reader.ts';
import { type AudioBlock, FormatError, Notes, tagAt, viewOfBytes } from './decoder.ts';
import { boxAt, boxesIn, boxHead, Table } from './mp4-boxes.ts';
import { mp4Codec } from './mp4-codec.ts';
import { type TrackCodec, TrackDecoder } from './track.ts';

/** An index larger than this is damage: ten hours of audio take 7 MB. */
const largestIndex = 64 << 20;
/** Bytes of samples that are read at a time, and samples. */
const bytesAtATime = 1 << 16;
const samplesAtATime = 256;
/** Files have a few boxes at the top, or two a fragment. */
const mostBoxes = 1_000_000;

const firstBoxes = ['ftyp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot', 'styp', 'moof', 'sidx', 'uuid'];

export function isMp4(head: Uint8Array): boolean {
  if (head.length < 8 || !firstBoxes.includes(tagAt(head, 4))) return false;
  const { size, header } = boxHead(head, 0, Infinity);
  return size >= header;
}

/** A sample's place in the file. */
interface Place {
  readonly at: number;
  readonly length: number;
}

interface Track {
  readonly id: number;
  readonly codec: TrackCodec;
  readonly stbl: Uint8Array;
  readonly seconds: number | undefined;
}

export class Mp4Audio {
  readonly #reader: ByteReader;
  readonly #notes = new Notes();
  #decoder: TrackDecoder | undefined;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  get problems(): readonly string[] {
    for (const problem of this.#decoder?.problems ?? []) this.#notes.add(problem);
    return this.#notes.list;
  }

  async *blocks(): AsyncGenerator<AudioBlock> {
    const { moov, fragments } = await this.#index();
    const track = audioTrack(moov, this.#reader.size!);
    const decoder = new TrackDecoder(track.codec, track.seconds);
    this.#decoder = decoder;
    const blockBytes = 'blockBytes' in track.codec ? track.codec : undefined;
    yield* this.#decoded(decoder, places(track, blockBytes));
    const defaults = trackDefaults(moov, track.id);
    for (const at of fragments) {
      const moof = await this.#box(at);
      yield* this.#decoded(decoder, fragmentPlaces(moof, at, track.id, defaults));
    }
    yield* decoder.finish();
  }

  free(): void {
    this.#decoder?.free();
  }

  /** The index, and where fragments begin. */
  async #index(): Promise<{ moov: Uint8Array; fragments: readonly number[] }> {
    const reader = this.#reader;
    const size = reader.size!;
    const fragments: number[] = [];
    let moov: Uint8Array | undefined;
    let count = 0;
    for (let at = 0; at + 8 <= size; count++) {
      if (count > mostBoxes) throw new FormatError('its boxes are damaged');
      const head = boxHead(await reader.readAt(at, 16), 0, size - at);
      if (head.size < head.header || !/^[\x20-\x7e\xa9]{4}$/.test(head.type)) {
        // What stands behind a whole file does not matter.
        if (!moov) throw new FormatError('its boxes are damaged');
        break;
      }
      if (at + head.size > size && head.type !== 'free' && head.type !== 'skip')
        this.#notes.add(`it is cut off: its boxes promise ${at + head.size - size} more bytes`);
      if (head.type === 'moof') fragments.push(at);
      if (head.type === 'moov') moov ??= await this.#box(at);
      at += head.size;
    }
    if (!moov) throw new FormatError('it has no index (moov box), so its audio cannot be found');
    return { moov, fragments };
  }

  /** The body of a box that is read whole. */
  async #box(at: number): Promise<Uint8Array> {
    const head = boxHead(await this.#reader.readAt(at, 16), 0, this.#reader.size! - at);
    if (at + head.size > this.#reader.size! || head.size > largestIndex)
      throw new FormatError(`its index (${head.type} box) is cut off or damaged`);
    return this.#reader.readAt(at + head.header, head.size - head.header);
  }

  /** Reads and decodes samples; those that follow each other are read together. */
  async *#decoded(decoder: TrackDecoder, samples: Iterable<Place>): AsyncGenerator<AudioBlock> {
    let waiting: Place[] = [];
    let bytes = 0;
    for (const place of samples) {
      if (place.at + place.length > this.#reader.size!) {
        this.#notes.add('it is cut off or damaged: its index points behind its end');
        break;
      }
      const last = waiting.at(-1);
      const follows = last === undefined || last.at + last.length === place.at;
      if (!follows || bytes + place.length > bytesAtATime || waiting.length === samplesAtATime) {
        yield* decoder.take(await this.#read(waiting, bytes));
        waiting = [];
        bytes = 0;
      }
      waiting.push(place);
      bytes += place.length;
    }
    if (waiting.length > 0) yield* decoder.take(await this.#read(waiting, bytes));
  }

  async #read(samples: readonly Place[], length: number): Promise<Uint8Array[]> {
    if (length === 0) return [];
    const [first] = samples;
    const bytes = await this.#reader.readAt(first.at, length);
    return samples
      .filter((sample) => sample.length > 0)
      .map((sample) => bytes.subarray(sample.at - first.at, sample.at - first.at + sample.length));
  }
}

/** @throws FormatError that tells why none of the tracks can be heard */
function audioTrack(moov: Uint8Array, fileSize: number): Track {
  let refusal: FormatError | undefined;
  for (const { type, body } of boxesIn(moov)) {
    if (type !== 'trak' || !isSound(body)) continue;
    try {
      return readTrack(body, moov, fileSize);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      refusal ??= error;
    }
  }
  throw refusal ?? new FormatError('it has no audio track');
}

function isSound(trak: Uint8Array): boolean {
  const handler = boxAt(trak, 'mdia', 'hdlr');
  return handler !== undefined && handler.length >= 12 && tagAt(handler, 8) === 'soun';
}

function readTrack(trak: Uint8Array, moov: Uint8Array, fileSize: number): Track {
  const tkhd = boxAt(trak, 'tkhd');
  const stbl = boxAt(trak, 'mdia', 'minf', 'stbl');
  const stsd = stbl && boxAt(stbl, 'stsd');
  if (!tkhd || tkhd.length < 24 || !stbl || !stsd || stsd.length < 8) throw new FormatError('its index is damaged');
  checkSizes(stbl, fileSize);
  const presentation = presentationOf(trak, moov, stbl);
  const codec = mp4Codec(stsd, presentation);
  // AAC's decoder cuts by itself, because it knows its own delay.
  const cutsItself = 'preSkip' in codec && codec.preSkip === 0 && codec.name !== 'FLAC';
  return {
    id: viewOfBytes(tkhd).getUint32(tkhd[0] === 1 ? 20 : 12),
    codec,
    stbl,
    seconds: cutsItself || 'decode' in codec ? undefined : presentation?.duration,
  };
}

/** The table of sizes is a number for all samples, or one each. */
function checkSizes(stbl: Uint8Array, fileSize: number): void {
  const stsz = boxAt(stbl, 'stsz');
  if (!stsz) return;
  if (stsz.length < 12) throw new FormatError('its index is damaged (stsz)');
  const view = viewOfBytes(stsz);
  const [each, count] = [view.getUint32(4), view.getUint32(8)];
  if (each > 0 && each * count > fileSize)
    throw new FormatError(`its index is damaged (stsz promises ${count} entries)`);
}

const timescaleOf = (body: Uint8Array | undefined): number => {
  const at = body?.[0] === 1 ? 20 : 12;
  return body && body.length >= at + 4 ? viewOfBytes(body).getUint32(at) : 0;
};

/** The one edit that shows media (ISO/IEC 14496-12, 8.6.6): where it begins and how long it lasts, in seconds. */
function presentationOf(trak: Uint8Array, moov: Uint8Array, stbl: Uint8Array): Presentation | undefined {
  const elst = boxAt(trak, 'edts', 'elst');
  const scale = timescaleOf(boxAt(trak, 'mdia', 'mdhd'));
  const movieScale = timescaleOf(boxAt(moov, 'mvhd'));
  if (!elst || elst.length < 8 || scale === 0) return undefined;
  const isLong = elst[0] === 1;
  const table = new Table('elst', elst, isLong ? 20 : 12);
  const edits: { start: number; duration: number }[] = [];
  for (let i = 0; i < table.count && edits.length < 2; i++) {
    const start = isLong ? table.longAt(i, 8) : table.at(i, 4);
    // -1 is an edit without media: a pause before.
    if (start >= (isLong ? 2 ** 63 : 2 ** 31)) continue;
    edits.push({ start, duration: isLong ? table.longAt(i) : table.at(i) });
  }
  // Several edits cut or repeat the media, which is heard whole then.
  if (edits.length !== 1) return undefined;
  const [edit] = edits;
  const start = edit.start / scale;
  const media = mediaTicks(stbl) / scale - start;
  // A movie's ticks are coarse, so the edit may say a little less than there is.
  const shown = edit.duration > 0 && movieScale > 0 ? (edit.duration + 1) / movieScale : Infinity;
  const duration = Math.min(media > 0 ? media : Infinity, shown);
  return Number.isFinite(duration) ? { start, duration } : { start };
}

function mediaTicks(stbl: Uint8Array): number {
  const stts = boxAt(stbl, 'stts');
  if (!stts) return 0;
  const table = new Table('stts', stts, 8);
  let ticks = 0;
  for (let i = 0; i < table.count; i++) ticks += table.at(i) * table.at(i, 4);
  return ticks;
}

/** The samples of the index, chunk by chunk (8.7). Of plain samples a chunk is one piece. */
function* places(
  { stbl }: Track,
  plain: { readonly blockBytes: number; readonly blockSamples: number } | undefined,
): Generator<Place> {
  const stsc = boxAt(stbl, 'stsc');
  const stco = boxAt(stbl, 'stco');
  const co64 = boxAt(stbl, 'co64');
  const sizes = sizesOf(stbl);
  if (!stsc || !(stco ?? co64) || !sizes) {
    if (sizes && sizes.count > 0) throw new FormatError('its index is damaged');
    return;
  }
  const runs = new Table('stsc', stsc, 12);
  const chunks = stco ? new Table('stco', stco, 4) : new Table('co64', co64!, 8);
  let sample = 0;
  let run = 0;
  for (let chunk = 0; chunk < chunks.count && sample < sizes.count; chunk++) {
    while (run + 1 < runs.count && runs.at(run + 1) <= chunk + 1) run++;
    const inChunk = Math.min(runs.count > 0 ? runs.at(run, 4) : 1, sizes.count - sample);
    let at = stco ? chunks.at(chunk) : chunks.longAt(chunk);
    if (plain) {
      // What the tables count is blocks where their size is a block's, else samples.
      const blocks = sizes.at(sample) === plain.blockBytes ? inChunk : Math.floor(inChunk / plain.blockSamples);
      const length = blocks * plain.blockBytes;
      for (let done = 0; done < length; done += bytesAtATime) {
        const most = Math.max(1, Math.floor(bytesAtATime / plain.blockBytes)) * plain.blockBytes;
        yield { at: at + done, length: Math.min(most, length - done) };
        done += most - bytesAtATime;
      }
      sample += inChunk;
      continue;
    }
    for (let i = 0; i < inChunk; i++, sample++) {
      const length = sizes.at(sample);
      yield { at, length };
      at += length;
    }
  }
}

function sizesOf(stbl: Uint8Array): { readonly count: number; at(sample: number): number } | undefined {
  const stsz = boxAt(stbl, 'stsz');
  if (stsz) {
    const each = viewOfBytes(stsz).getUint32(4);
    if (each > 0) return { count: viewOfBytes(stsz).getUint32(8), at: () => each };
    return new Table('stsz', stsz, 4, 12);
  }
  const stz2 = boxAt(stbl, 'stz2');
  if (!stz2 || stz2.length < 12) return undefined;
  const bits = stz2[7];
  const count = viewOfBytes(stz2).getUint32(8);
  if (![4, 8, 16].includes(bits) || count * bits > 8 * (stz2.length - 12))
    throw new FormatError(`its index is damaged (stz2 promises ${count} entries)`);
  const at = (sample: number): number => {
    if (bits === 16) return viewOfBytes(stz2).getUint16(12 + 2 * sample);
    if (bits === 8) return stz2[12 + sample];
    return (stz2[12 + (sample >> 1)] >> (sample % 2 === 0 ? 4 : 0)) & 15;
  };
  return { count, at };
}

/** The default size of a sample, from the index (8.8.3). */
function trackDefaults(moov: Uint8Array, id: number): number {
  const mvex = boxAt(moov, 'mvex');
  for (const { type, body } of mvex ? boxesIn(mvex) : []) {
    if (type === 'trex' && body.length >= 24 && viewOfBytes(body).getUint32(4) === id)
      return viewOfBytes(body).getUint32(16);
  }
  return 0;
}

/** The samples of a fragment (8.8.4 to 8.8.8). */
function* fragmentPlaces(moof: Uint8Array, moofAt: number, id: number, defaultSize: number): Generator<Place> {
  let end = moofAt;
  for (const { type, body } of boxesIn(moof)) {
    if (type !== 'traf') continue;
    const tfhd = boxAt(body, 'tfhd');
    if (!tfhd || tfhd.length < 8) throw new FormatError('one of its fragments is damaged (tfhd)');
    const header = readTfhd(tfhd, moofAt, end, defaultSize);
    let at = header.base;
    for (const { type, body: trun } of boxesIn(body)) {
      if (type !== 'trun') continue;
      for (const place of runPlaces(trun, at, header)) {
        at = place.at + place.length;
        if (header.id === id) yield place;
      }
    }
    end = at;
  }
}

interface FragmentHeader {
  readonly id: number;
  readonly base: number;
  readonly size: number;
}

function readTfhd(tfhd: Uint8Array, moofAt: number, end: number, defaultSize: number): FragmentHeader {
  const view = viewOfBytes(tfhd);
  const flags = view.getUint32(0) & 0xffffff;
  const sizeAt = 8 + (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0) + (flags & 8 ? 4 : 0);
  if (tfhd.length < sizeAt + (flags & 16 ? 4 : 0)) throw new FormatError('one of its fragments is damaged (tfhd)');
  const base = flags & 1 ? Number(view.getBigUint64(8)) : flags & 0x20000 ? moofAt : end;
  return { id: view.getUint32(4), base, size: flags & 16 ? view.getUint32(sizeAt) : defaultSize };
}

function* runPlaces(trun: Uint8Array, from: number, { base, size }: FragmentHeader): Generator<Place> {
  if (trun.length < 8) throw new FormatError('one of its fragments is damaged (trun)');
  const view = viewOfBytes(trun);
  const flags = view.getUint32(0) & 0xffffff;
  const count = view.getUint32(4);
  const width = 4 * [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length;
  const start = 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
  if (start + count * width > trun.length || (width === 0 && count > trun.length * 1000))
    throw new FormatError(`one of its fragments is damaged (trun promises ${count} samples)`);
  let at = flags & 1 ? base + view.getInt32(8) : from;
  for (let i = 0; i < count; i++) {
    const length = flags & 0x200 ? view.getUint32(start + i * width + (flags & 0x100 ? 4 : 0)) : size;
    yield { at, length };
    at += length;
  }
}
