/**
 * Files of chunks whose samples lie one behind the other: WAV (RIFF, RIFX, RF64, BW64), Sony Wave64, AIFF and AIFC,
 * CAF, and Sun AU, which has one header. Read as a stream with little memory. What no decoding needs may be off.
 *
 * Sources: Microsoft, Multimedia Data Standards Update (1994); EBU Tech 3306 (RF64); Sony, Wave64 (2002); Apple, AIFF-C
 * draft (1991) and Core Audio Format specification 1.0; Sun, audio file format.
 */
import { type AudioBlock, type Decoder, FormatError, join, Notes } from './decoder.ts';
import type { SampleCodec } from './sample-codec.ts';

/** A chunk's name and what is told of its size; `size` Infinity: to the end of the file. */
export interface ChunkHead {
  readonly name: string;
  readonly size: number;
}

/** What a family of formats has of its own. */
export interface ChunkFormat {
  /** Bytes before the first chunk, and of a chunk's head. */
  readonly start: number;
  readonly head: number;
  readonly readStart?: (bytes: Uint8Array) => void;
  readonly readHead: (bytes: Uint8Array) => ChunkHead;
  /** Bytes that fill a chunk of this size up. */
  readonly padding: (size: number) => number;
  /** Names of the chunks that `readChunk` takes whole, besides the samples. */
  readonly wanted: readonly string[];
  readonly readChunk: (name: string, bytes: Uint8Array) => void;
  readonly samples: string;
  /** Bytes at the start of the chunk of samples that are none. */
  readonly samplesOffset: (bytes: Uint8Array) => number | undefined;
  /** Samples by bytes. The first chunks must have told. */
  readonly open: () => SampleCodec | Decoder;
  /** Whether the samples' size is one that a recorder leaves there before it knows. */
  readonly isUnknown: (size: number, position: number) => boolean;
}

/** More than any program writes before the samples. */
const largestChunk = 1 << 16;
/**
 * Bytes that may be missing at the end without anybody's hearing it: the size was reckoned wrong, or a page got lost.
 */
const harmlessLoss = 512;
/** Samples, in all channels, that a block holds. */
const samplesAtATime = 1 << 17;

export class ChunkedDecoder implements Decoder {
  readonly warnings: string[] = [];
  readonly #format: ChunkFormat;
  readonly #notes = new Notes();
  #bytes: Uint8Array = new Uint8Array(0);
  #part: 'start' | 'chunk' | 'skip' | 'offset' | 'samples' = 'start';
  #position = 0;
  #left = 0;
  #offset: number | undefined;
  #padding = 0;
  #openEnded = false;
  #source: SampleCodec | Decoder | undefined;
  #anySamples = false;

  constructor(format: ChunkFormat) {
    this.#format = format;
  }

  get problems(): readonly string[] {
    if (this.#source && 'problems' in this.#source)
      for (const problem of this.#source.problems) this.#notes.add(problem);
    return this.#notes.list;
  }

  async *decode(bytes: Uint8Array): AsyncGenerator<AudioBlock> {
    this.#bytes = join(this.#bytes, bytes);
    while (true) {
      if (this.#part === 'samples') {
        yield* this.#readSamples();
        if (this.#left > 0) return;
        this.#leave(this.#padding);
      } else if (!this.#readHeader()) return;
    }
  }

  async *finish(): AsyncGenerator<AudioBlock> {
    const source = this.#source;
    if (!source && this.#part !== 'samples') throw new FormatError('it is cut off before its samples begin');
    if (source && !('problems' in source) && this.#bytes.length > 0 && this.#part === 'samples')
      yield* this.#last(source);
    if (source && 'problems' in source) yield* source.finish();
    const missing = this.#part === 'samples' && !this.#openEnded ? this.#left - this.#bytes.length : 0;
    if (missing > harmlessLoss) this.#notes.add(`it is cut off: its header promises ${missing} more bytes of samples`);
    if (!this.#anySamples && this.#notes.list.length === 0) throw new FormatError('it holds no samples');
  }

  free(): void {
    this.#bytes = new Uint8Array(0);
    if (this.#source && 'free' in this.#source) this.#source.free();
  }

  /** Takes one piece of the header off the front; false when more bytes are needed. */
  #readHeader(): boolean {
    const format = this.#format;
    if (this.#part === 'start') {
      if (this.#bytes.length < format.start) return false;
      format.readStart?.(this.#bytes);
      this.#part = 'chunk';
      return this.#take(format.start);
    }
    if (this.#part === 'skip') {
      const skipped = Math.min(this.#left, this.#bytes.length);
      this.#left -= skipped;
      if (this.#left === 0) this.#part = 'chunk';
      this.#take(skipped);
      return this.#part === 'chunk';
    }
    return this.#part === 'offset' ? this.#readOffset() : this.#readChunk();
  }

  /** What stands before the samples in their chunk. */
  #readOffset(): boolean {
    this.#offset ??= this.#format.samplesOffset(this.#bytes);
    if (this.#offset === undefined) return false;
    const skipped = Math.min(this.#offset, this.#bytes.length, this.#left);
    this.#offset -= skipped;
    this.#left -= skipped;
    this.#take(skipped);
    if (this.#offset > 0 && this.#left > 0) return false;
    this.#offset = undefined;
    this.#part = 'samples';
    return true;
  }

  #readChunk(): boolean {
    const format = this.#format;
    if (this.#bytes.length < format.head) return false;
    const { name, size } = format.readHead(this.#bytes);
    // What stands behind the samples need not be a chunk at all.
    if (this.#source && !/^[\x20-\x7e]{4}$/.test(name)) return this.#leave(Infinity);
    if (name === format.samples) return this.#beginSamples(size);
    if (!format.wanted.includes(name) || this.#source) {
      this.#take(format.head);
      return this.#leave(size + format.padding(size));
    }
    if (size > largestChunk) throw new FormatError(`its ${name.trim()} chunk has a senseless size of ${size} bytes`);
    if (this.#bytes.length < format.head + size) return false;
    format.readChunk(name, this.#bytes.subarray(format.head, format.head + size));
    this.#take(format.head + size);
    return this.#leave(format.padding(size));
  }

  #beginSamples(size: number): boolean {
    const format = this.#format;
    this.#take(format.head);
    this.#source ??= format.open();
    this.#openEnded = format.isUnknown(size, this.#position);
    this.#left = this.#openEnded ? Infinity : size;
    this.#padding = format.padding(size);
    this.#part = 'offset';
    return true;
  }

  async *#readSamples(): AsyncGenerator<AudioBlock> {
    const source = this.#source!;
    if ('problems' in source) {
      const bytes = this.#bytes.subarray(0, Math.min(this.#bytes.length, this.#left));
      this.#left -= bytes.length;
      this.#take(bytes.length);
      if (bytes.length > 0) {
        this.#anySamples = true;
        yield* source.decode(bytes);
      }
      return;
    }
    const { blockBytes, blockSamples, channels, sampleRate } = source;
    const most = Math.max(1, Math.floor(samplesAtATime / (blockSamples * channels)));
    while (true) {
      const blocks = Math.min(most, Math.floor(Math.min(this.#bytes.length, this.#left) / blockBytes));
      if (blocks === 0) break;
      yield { channels: source.decode(this.#bytes.subarray(0, blocks * blockBytes)), sampleRate };
      this.#anySamples = true;
      this.#left -= blocks * blockBytes;
      this.#take(blocks * blockBytes);
    }
    if (this.#left < blockBytes && this.#bytes.length >= this.#left) {
      yield* this.#last(source);
      this.#take(this.#left);
      this.#left = 0;
    }
  }

  /** A last block that is short. */
  *#last(source: SampleCodec): Generator<AudioBlock> {
    const rest = this.#bytes.subarray(0, Math.min(this.#bytes.length, this.#left));
    const channels = source.blockSamples > 1 ? source.decode(rest) : [];
    if ((channels[0]?.length ?? 0) === 0) return;
    this.#anySamples = true;
    yield { channels, sampleRate: source.sampleRate };
  }

  #leave(bytes: number): true {
    this.#left = bytes;
    this.#part = bytes > 0 ? 'skip' : 'chunk';
    return true;
  }

  #take(count: number): true {
    this.#bytes = this.#bytes.subarray(count);
    this.#position += count;
    return true;
  }
}
