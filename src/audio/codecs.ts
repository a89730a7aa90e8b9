/** The compressed formats, each decoded by its library (WebAssembly), and what the library does not check. */
import type { ByteReader } from './byte-reader.ts';
import { type AudioBlock, type Decoder, FormatError, tagAt } from './decoder.ts';
import { id3Length, isMpegFrame, mp3Head } from './mp3.ts';
import { indexFirst } from './mp4.ts';
import { OggWatch } from './ogg.ts';
import { WavDecoder } from './wav.ts';

export type FileFormat = 'wav' | 'flac' | 'mp3' | 'vorbis' | 'opus' | 'm4a' | 'aac';

/** What all the decoder libraries have in common. */
interface Library {
  decode(bytes: Uint8Array): LibraryOutput | Promise<LibraryOutput>;
  flush?(): LibraryOutput | Promise<LibraryOutput>;
  free(): void;
}

interface LibraryOutput {
  readonly channelData: readonly Float32Array[];
  readonly samplesDecoded?: number;
  readonly sampleRate: number;
  /** A list of messages, or how many frames could not be decoded. */
  readonly errors?: readonly { readonly message: string }[] | number;
}

/** What is checked beside a library: bytes as they pass, the count of samples at the end. */
interface Checks {
  readonly problems: readonly string[];
  watch?(bytes: Uint8Array): void;
  finish?(samples: number): void;
}

/** Compressed bytes that go to a library at a time: a minute of speech at most, so that memory stays bounded. */
const compressedBlock = 1 << 14;
const wavBlock = 1 << 18;
const longestId3 = 64 << 20;

export interface OpenedDecoder {
  readonly format: FileFormat;
  readonly decoder: Decoder;
  readonly blocks: AsyncIterable<Uint8Array>;
}

/** Tells the format by the file's first bytes, never by its name, and opens its decoder. */
export async function openDecoder(reader: ByteReader): Promise<OpenedDecoder> {
  const head = await reader.peek(64);
  if (head.length === 0) throw new FormatError('it is empty');
  if (['RIFF', 'RF64', 'BW64'].includes(tagAt(head, 0)) && tagAt(head, 8) === 'WAVE') {
    return { format: 'wav', decoder: new WavDecoder(), blocks: reader.blocks(wavBlock) };
  }
  const blocks = reader.blocks(compressedBlock);
  if (tagAt(head, 0) === 'fLaC') return { format: 'flac', decoder: await openFlac(flacLength(head)), blocks };
  if (tagAt(head, 0) === 'OggS') return { ...(await openOgg(head)), blocks };
  if (tagAt(head, 4) === 'ftyp') {
    const decoder = new LibraryDecoder(await openAac());
    return { format: 'm4a', decoder, blocks: indexFirst(reader, compressedBlock, decoder.problems) };
  }
  const tagLength = Math.min(id3Length(head), longestId3);
  const audio = (await reader.peek(tagLength + 4096)).subarray(tagLength);
  if (tagAt(audio, 0) === 'fLaC') return { format: 'flac', decoder: await openFlac(flacLength(audio)), blocks };
  if (audio[0] === 0xff && (audio[1] & 0xf6) === 0xf0)
    return { format: 'aac', decoder: new LibraryDecoder(await openAac()), blocks };
  if (tagLength > 0 || isMpegFrame(audio)) {
    const { mono, end } = mp3Head(audio, tagLength);
    return { format: 'mp3', decoder: await openMp3(mono, end, reader.size), blocks };
  }
  throw new FormatError('it is no audio of a kind that can be read (WAV, FLAC, MP3, Ogg Vorbis, Opus, M4A)');
}

async function openOgg(head: Uint8Array): Promise<{ format: FileFormat; decoder: Decoder }> {
  const packet = 27 + head[26];
  const watch = new OggWatch();
  const checks: Checks = {
    problems: watch.problems,
    watch: (bytes) => watch.watch(bytes),
    finish: () => watch.finish(),
  };
  if (tagAt(head, packet) === 'Opus') {
    const { decoder } = await import('@audio/decode-opus');
    return { format: 'opus', decoder: new LibraryDecoder(await decoder(), checks) };
  }
  if (tagAt(head, packet + 1) === 'vorb') {
    const { OggVorbisDecoder } = await import('@wasm-audio-decoders/ogg-vorbis');
    return { format: 'vorbis', decoder: new LibraryDecoder(await ready(new OggVorbisDecoder()), checks) };
  }
  if (tagAt(head, packet + 1) === 'FLAC') return { format: 'flac', decoder: await openFlac(0, checks) };
  throw new FormatError('it is an Ogg file of a kind that cannot be read (Vorbis, Opus and FLAC can)');
}

/** Samples that a FLAC file says it holds, 0 if it does not (RFC 9639, 8.2). */
function flacLength(head: Uint8Array): number {
  return head.length < 26 ? 0 : (head[21] & 15) * 2 ** 32 + new DataView(head.buffer, head.byteOffset).getUint32(22);
}

async function openFlac(length: number, checks?: Checks): Promise<Decoder> {
  const { FLACDecoder } = await import('@wasm-audio-decoders/flac');
  const problems: string[] = [];
  const countSamples: Checks = {
    problems,
    finish(samples) {
      if (length > 0 && samples < length)
        problems.push(`it is damaged or cut off: ${samples} of its ${length} samples could be read`);
    },
  };
  return new LibraryDecoder(await ready(new FLACDecoder()), checks ?? countSamples);
}

async function openMp3(mono: boolean, end: number | undefined, size: number | undefined): Promise<Decoder> {
  const { MPEGDecoder } = await import('mpg123-decoder');
  const problems: string[] = [];
  if (end !== undefined && size !== undefined && size < end)
    problems.push(`it is cut off: its header promises ${end - size} more bytes`);
  return new LibraryDecoder(await ready(new MPEGDecoder()), { problems }, mono ? 1 : undefined);
}

async function openAac(): Promise<Library> {
  try {
    const { decoder } = await import('@audio/decode-aac');
    return await decoder();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new FormatError(
      'M4A and AAC need one more package, which is under the GPL and so does not come along: npm install @audio/decode-aac',
    );
  }
}

async function ready<T extends { ready: Promise<void> }>(library: T): Promise<T> {
  await library.ready;
  return library;
}

class LibraryDecoder implements Decoder {
  readonly problems: string[] = [];
  readonly #library: Library;
  readonly #checks: Checks;
  /** Channels to give where the library gives more: mpg123 doubles a single one. */
  readonly #channels: number | undefined;
  #samples = 0;
  #failedFrames = 0;

  constructor(library: Library, checks: Checks = { problems: [] }, channels?: number) {
    this.#library = library;
    this.#checks = checks;
    this.#channels = channels;
  }

  async decode(bytes: Uint8Array): Promise<AudioBlock | undefined> {
    this.#checks.watch?.(bytes);
    return this.#take(await quietly(() => this.#library.decode(bytes)));
  }

  async finish(): Promise<AudioBlock | undefined> {
    const last = this.#take(await quietly(() => this.#library.flush?.()));
    this.#checks.finish?.(this.#samples);
    this.#noteAll(this.#checks.problems);
    return last;
  }

  free(): void {
    this.#library.free();
  }

  #take(output: LibraryOutput | undefined): AudioBlock | undefined {
    if (typeof output?.errors === 'number') this.#failedFrames += output.errors;
    // A sound AAC file counts one: its first frame only starts the decoder up.
    if (this.#failedFrames > 1) this.#noteAll(['some of its frames are damaged']);
    if (Array.isArray(output?.errors)) this.#noteAll(output.errors.map(({ message }) => `it is damaged (${message})`));
    this.#noteAll(this.#checks.problems);
    const length = Math.min(output?.samplesDecoded ?? Infinity, output?.channelData[0]?.length ?? 0);
    if (!output || length === 0) return undefined;
    this.#samples += length;
    const channels = output.channelData.slice(0, this.#channels).map((samples) => samples.subarray(0, length));
    return { channels, sampleRate: output.sampleRate };
  }

  #noteAll(problems: readonly string[]): void {
    for (const problem of problems)
      if (this.problems.length < 8 && !this.problems.includes(problem)) this.problems.push(problem);
  }
}

/** The libraries write to the console what they also report. They work before they first wait, so this mutes only them. */
function quietly<T>(work: () => T): T {
  const { error, warn } = console;
  console.error = console.warn = () => {};
  try {
    return work();
  } finally {
    Object.assign(console, { error, warn });
  }
}
