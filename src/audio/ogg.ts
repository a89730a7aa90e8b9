/**
 * Ogg: the first audio in it, link by link (RFC 3533). Positions are the pages' own, so that the times behind a lost
 * page stay true.
 */
import {
  type AudioBlock,
  cut,
  type Decoder,
  FormatError,
  join,
  Notes,
  type PacketDecoder,
  silence,
  textAt,
} from './decoder.ts';
import { type OggPage, OggPages } from './ogg-pages.ts';
import { checkChannelCount, flacCodec, opusCodec, type PacketCodec, packetsAtATime, vorbisCodec } from './packets.ts';

const unsupported: readonly (readonly [string, string])[] = [
  ['Speex   ', 'Speex'],
  ['\x80theora', 'Theora video'],
  ['PCM     ', 'PCM'],
  ['CELT    ', 'CELT'],
];

/** Samples behind a hole that wait for a page with a position. */
const longestUnplaced = 1 << 19;
/** Longest silence that a hole is filled with: an hour. Beyond it the page's position is not believed. */
const longestHoleSeconds = 3600;

export class OggDecoder implements Decoder {
  readonly #pages = new OggPages();
  readonly #notes = new Notes();
  readonly warnings: string[] = [];
  #link: Link | undefined;
  /** What other streams of the file hold. */
  #others: string[] = [];

  get problems(): readonly string[] {
    for (const problem of [...this.#pages.problems, ...(this.#link?.problems.list ?? [])]) this.#notes.add(problem);
    return this.#notes.list;
  }

  async *decode(bytes: Uint8Array): AsyncGenerator<AudioBlock> {
    for (const page of this.#pages.read(bytes)) {
      if (page.first) await this.#begin(page);
      else if (page.serial === this.#link?.serial) yield* this.#link.take(page);
    }
  }

  *finish(): Generator<AudioBlock> {
    this.#pages.finish();
    if (this.#link) yield* this.#link.unplaced();
    if (!this.#link) {
      const [other] = this.#others;
      throw new FormatError(
        other ? `it holds ${other} in Ogg, which cannot be read` : 'no audio could be read from it',
      );
    }
    if (!this.#link.ended && this.problems.length === 0)
      this.warnings.push('its last Ogg page has no end flag: it may be cut off');
  }

  free(): void {
    this.#link?.free();
  }

  /** The first page of a stream; behind pages with audio it begins the next link of a chain. */
  async #begin(page: OggPage): Promise<void> {
    const head = page.pieces[0] ?? new Uint8Array(0);
    const kind = kindOf(head);
    if (kind === undefined) {
      this.#others.push(
        unsupported.find(([magic]) => textAt(head, 0, magic.length) === magic)?.[1] ?? 'an unknown codec',
      );
      return;
    }
    if (this.#link && !this.#link.hasAudio && !this.#link.ended) return;
    const before = this.#link;
    const problems = before?.problems.list ?? [];
    for (const problem of problems) this.#notes.add(problem);
    this.#link = new Link(page, kind, before?.shape);
    before?.free();
  }
}

type Kind = 'opus' | 'vorbis' | 'flac';

function kindOf(head: Uint8Array): Kind | undefined {
  if (textAt(head, 0, 8) === 'OpusHead') return 'opus';
  if (textAt(head, 0, 7) === '\x01vorbis') return 'vorbis';
  if (textAt(head, 0, 5) === '\x7fFLAC') return 'flac';
  return undefined;
}

/** Packets before the audio; of FLAC any number. */
const headerPackets: Readonly<Record<Kind, number>> = { opus: 2, vorbis: 3, flac: Infinity };

interface Shape {
  readonly channels: number;
  readonly sampleRate: number;
}

/** One logical stream. */
class Link {
  readonly serial: number;
  readonly problems = new Notes();
  ended = false;
  hasAudio = false;
  readonly #kind: Kind;
  readonly #headers: Uint8Array[] = [];
  readonly #codec: PacketCodec;
  #decoder: PacketDecoder | undefined;
  #sequence: number;
  /** The packet that the last page began. */
  #begun: Uint8Array | undefined;
  /** Samples from the link's start to the last that was given or left out; undefined before the first page. */
  #position: number | undefined;
  #afterHole = false;
  readonly #unplaced: AudioBlock[] = [];
  #preSkip: number;

  constructor(page: OggPage, kind: Kind, before: Shape | undefined) {
    this.serial = page.serial;
    this.#sequence = page.sequence;
    this.#kind = kind;
    const head = page.pieces[0];
    this.#headers.push(head.slice());
    this.#codec = this.#codecOf(head);
    this.#preSkip = this.#codec.preSkip;
    checkChannelCount(this.#codec.channels);
    const { channels, sampleRate } = this.#codec;
    if (before && (before.channels !== channels || before.sampleRate !== sampleRate)) {
      throw new FormatError(
        `its next part has ${channels} channels at ${sampleRate} Hz, not ${before.channels} at ${before.sampleRate} Hz`,
      );
    }
  }

  get shape(): Shape {
    return this.#codec;
  }

  async *take(page: OggPage): AsyncGenerator<AudioBlock> {
    const isHole = page.sequence !== this.#sequence + 1;
    this.#sequence = page.sequence;
    if (isHole) await this.#lose(page);
    const packets = this.#packetsOf(page);
    if (page.last) this.ended = true;
    const audio = packets.filter((packet) => !this.#takesHeader(packet));
    if (audio.length > 0) this.hasAudio = true;
    if (audio.length > 0) yield* this.#decode(audio, page);
  }

  /** What stands behind a hole and before the end, without a position. */
  *unplaced(): Generator<AudioBlock> {
    yield* this.#unplaced.splice(0);
  }

  free(): void {
    this.#decoder?.free();
  }

  #codecOf(head: Uint8Array): PacketCodec {
    if (this.#kind === 'opus') return opusCodec(head);
    // In Ogg the native magic and STREAMINFO follow five bytes of mapping (FLAC to Ogg mapping, xiph.org).
    if (this.#kind === 'flac') return flacCodec(head.subarray(17));
    return vorbisCodec(head, () => this.#headers[2] ?? new Uint8Array(0));
  }

  async #lose(page: OggPage): Promise<void> {
    this.#begun = undefined;
    if (this.#headers.length < headerPackets[this.#kind] && this.#kind !== 'flac' && !this.hasAudio)
      throw new FormatError('an Ogg page of its header is lost');
    const seconds = ((this.#position ?? 0) / this.#codec.sampleRate).toFixed(1);
    this.problems.add(`an Ogg page is lost or damaged ${seconds} s from its start (${page.sequence} came out of turn)`);
    this.#afterHole = true;
    await this.#decoder?.restart();
  }

  #packetsOf(page: OggPage): Uint8Array[] {
    const packets: Uint8Array[] = [];
    page.pieces.forEach((piece, i) => {
      const isContinued = i === 0 && page.continued;
      // The beginning of this packet is lost.
      if (isContinued && !this.#begun) return;
      const packet = isContinued && this.#begun ? join(this.#begun, piece) : piece;
      this.#begun = undefined;
      if (i === page.pieces.length - 1 && page.unfinished) this.#begun = packet.slice();
      else packets.push(packet);
    });
    return packets;
  }

  #takesHeader(packet: Uint8Array): boolean {
    if (this.hasAudio) return false;
    const isHeader = this.#kind === 'flac' ? packet[0] !== 0xff : this.#headers.length < headerPackets[this.#kind];
    if (isHeader) this.#headers.push(packet.slice());
    return isHeader;
  }

  /** The packets that end on a page; its granule position is where the last of them ends. */
  async *#decode(packets: readonly Uint8Array[], page: OggPage): AsyncGenerator<AudioBlock> {
    this.#decoder ??= await this.#codec.open();
    const failures = this.#decoder.failures;
    const blocks = this.#unplaced.splice(0);
    let length = blocks.reduce((sum, { channels }) => sum + channels[0].length, 0);
    for (let i = 0; i < packets.length; i += packetsAtATime) {
      const block = await this.#decoder.decode(packets.slice(i, i + packetsAtATime));
      if (!block) continue;
      blocks.push(block);
      length += block.channels[0].length;
    }
    if (this.#decoder.failures > failures) this.problems.add('some of its packets are damaged');
    // How much a hole has lost is known with the next page that has a position.
    const isPlaced = !this.#afterHole || page.granule !== undefined || length > longestUnplaced;
    if (isPlaced) yield* this.#placed(blocks, length, page);
    else this.#unplaced.push(...blocks);
  }

  *#placed(blocks: readonly AudioBlock[], length: number, page: OggPage): Generator<AudioBlock> {
    const { channels, sampleRate } = this.#codec;
    const end = page.granule;
    let drop = 0;
    let keep = length;
    if (this.#position === undefined) {
      // A stream may begin in the middle of its time; what stands before its zero is left out (Vorbis I, A.2).
      this.#position = end === undefined ? 0 : Math.max(0, end - length);
      if (end !== undefined && end < length && !page.last) drop = length - end;
    }
    const start = this.#position;
    if (this.#afterHole && end !== undefined) {
      const missing = end - length - start;
      if (missing > 0 && missing <= longestHoleSeconds * sampleRate) {
        const rest = Math.max(0, missing - this.#preSkip);
        this.#preSkip -= missing - rest;
        yield* silence(rest, { channels, sampleRate });
      }
      this.#afterHole = false;
    }
    if (end !== undefined && page.last && end < start + length - drop) keep = Math.max(0, end - start) + drop;
    this.#position = end ?? start + length - drop;
    const skipped = Math.min(this.#preSkip, Math.max(0, keep - drop));
    this.#preSkip -= skipped;
    yield* within(blocks, drop + skipped, keep);
  }
}

/** The samples from `from` to `to` of blocks that follow each other. */
function* within(blocks: readonly AudioBlock[], from: number, to: number): Generator<AudioBlock> {
  let at = 0;
  for (const block of blocks) {
    const { length } = block.channels[0];
    const part = cut(block, Math.max(0, from - at), Math.min(length, to - at));
    at += length;
    if (part) yield part;
  }
}
