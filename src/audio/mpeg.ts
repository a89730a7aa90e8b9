/** MPEG audio and AAC in ADTS: frames one behind the other, decoded by a library that takes bytes. */

import { aacLibrary } from './aac.ts';
import { type AudioBlock, type Decoder, FormatError, join, Notes, tagAt, viewOfBytes } from './decoder.ts';
import { findFrames, frameAt, type MpegFrame } from './mpeg-frames.ts';
import { quietly } from './quietly.ts';

/** What the libraries have in common. */
interface Library {
  decode(bytes: Uint8Array): LibraryOutput;
  free(): void;
}

interface LibraryOutput {
  readonly channelData: readonly Float32Array[];
  readonly samplesDecoded?: number;
  readonly sampleRate: number;
  /** A list of messages, or how many frames could not be decoded. */
  readonly errors?: readonly { readonly message: string }[] | number;
}

async function openLibrary(kind: MpegFrame['kind']): Promise<Library> {
  if (kind === 'adts') return (await aacLibrary()).decoder();
  const { MPEGDecoder } = await import('mpg123-decoder');
  const library = new MPEGDecoder();
  await library.ready;
  return library;
}

/** `size`: bytes of the file from the first frame on, if they are known. */
export class MpegDecoder implements Decoder {
  readonly #notes = new Notes();
  readonly #size: number | undefined;
  #library: Library | undefined;
  /** What is not given to the library yet: before the first frame, all; then nothing. */
  #head: Uint8Array = new Uint8Array(0);
  #watch: FrameWatch | undefined;
  #failedFrames = 0;

  constructor(size?: number) {
    this.#size = size;
  }

  get problems(): readonly string[] {
    return this.#notes.list;
  }

  async *decode(bytes: Uint8Array): AsyncGenerator<AudioBlock> {
    if (this.#library) {
      this.#watch!.read(bytes);
      yield* this.#take(bytes);
      return;
    }
    this.#head = join(this.#head, bytes);
    // Enough for two frames of any kind and what may stand before them.
    if (this.#head.length >= 1 << 14) yield* this.#begin(false);
  }

  async *finish(): AsyncGenerator<AudioBlock> {
    if (!this.#library && this.#head.length > 0) yield* this.#begin(true);
  }

  free(): void {
    this.#library?.free();
  }

  async *#begin(isWhole: boolean): AsyncGenerator<AudioBlock> {
    const found = findFrames(this.#head, 0, isWhole);
    if (!found) throw new FormatError('no two frames of MPEG audio follow each other in it');
    if (found.frame.length === undefined)
      throw new FormatError('it is MPEG audio of free format, which cannot be read');
    const bytes = this.#head.subarray(found.at);
    this.#head = new Uint8Array(0);
    this.#checkLength(bytes, found.frame, found.at);
    this.#watch = new FrameWatch(found.frame);
    this.#library = await openLibrary(found.frame.kind);
    this.#watch.read(bytes);
    yield* this.#take(bytes);
  }

  /** The Xing or Info tag in an otherwise empty first frame counts the bytes of all. */
  #checkLength(bytes: Uint8Array, frame: MpegFrame, at: number): void {
    const tag = frame.tagOffset;
    if (frame.kind === 'adts' || tag + 16 > bytes.length || !['Xing', 'Info'].includes(tagAt(bytes, tag))) return;
    const view = viewOfBytes(bytes);
    const flags = view.getUint32(tag + 4);
    if ((flags & 2) === 0 || this.#size === undefined) return;
    const promised = view.getUint32(tag + ((flags & 1) !== 0 ? 12 : 8));
    const missing = promised - (this.#size - at);
    if (missing > 0) this.#notes.add(`it is cut off: its header promises ${missing} more bytes`);
  }

  *#take(bytes: Uint8Array): Generator<AudioBlock> {
    const output = quietly(() => this.#library!.decode(bytes));
    if (typeof output.errors === 'number') this.#failedFrames += output.errors;
    // A sound AAC file counts one: its first frame only starts the decoder up.
    if (this.#failedFrames > 1) this.#notes.add('some of its frames are damaged');
    if (Array.isArray(output.errors))
      for (const { message } of output.errors) this.#notes.add(`it is damaged (${message})`);
    const length = Math.min(output.samplesDecoded ?? Infinity, output.channelData[0]?.length ?? 0);
    if (length === 0) return;
    // mpg123 doubles a single channel.
    const wanted = this.#watch!.frame.kind === 'mpeg' ? this.#watch!.frame.channels : undefined;
    const channels = output.channelData.slice(0, wanted).map((samples) => samples.subarray(0, length));
    yield { channels, sampleRate: output.sampleRate };
  }
}

/** Follows the frames beside the library, which does not tell where the stream becomes another one. */
class FrameWatch {
  readonly frame: MpegFrame;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(frame: MpegFrame) {
    this.frame = frame;
  }

  /** @throws FormatError where two frames in a row agree in another rate or number of channels */
  read(bytes: Uint8Array): void {
    this.#bytes = join(this.#bytes, bytes);
    let at = 0;
    while (at + 7 <= this.#bytes.length) {
      const frame = frameAt(this.#bytes, at);
      const next = at + (frame?.length ?? 1);
      if (frame && frame.stream !== this.frame.stream && frame.kind === this.frame.kind) {
        if (next + 7 > this.#bytes.length) break;
        if (frameAt(this.#bytes, next)?.stream === frame.stream) this.#checkChange(frame);
        at++;
      } else at = frame?.kind === this.frame.kind ? next : at + 1;
    }
    this.#bytes = this.#bytes.slice(at);
  }

  #checkChange({ sampleRate, channels }: MpegFrame): void {
    if (sampleRate === this.frame.sampleRate && channels === this.frame.channels) return;
    throw new FormatError(
      `it changes from ${this.frame.channels} channels at ${this.frame.sampleRate} Hz to ${channels} at ` +
        `${sampleRate} Hz on its way`,
    );
  }
}
