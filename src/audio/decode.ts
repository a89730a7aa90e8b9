import { DecodeError } from '../errors.ts';
import { platform } from '../platform/index.ts';
import { ByteReader, type FileSource } from './byte-reader.ts';
import { type OpenedDecoder, openDecoder } from './codecs.ts';
import { type AudioBlock, FormatError } from './decoder.ts';
import { highestRate, lowestRate } from './format.ts';
import { largestFloat } from './samples.ts';

export type { FileSource } from './byte-reader.ts';
export type { AudioBlock } from './decoder.ts';

export interface DecodeOptions {
  readonly signal?: AbortSignal;
  /** After every block. */
  readonly onProgress?: (progress: DecodeProgress) => void;
  /** Gives what can be read of a damaged or cut-off file, with a warning, in place of an error. Default false. */
  readonly partial?: boolean;
  /** What an error would have said; at most once a file. By default it is a process warning of the name DecodeWarning. */
  readonly onWarning?: (warning: DecodeError) => void;
}

export interface DecodeProgress {
  /** Bytes of the file read so far, and in all (undefined for a pipe). */
  readonly bytes: number;
  readonly totalBytes: number | undefined;
  /** Seconds of audio decoded so far. */
  readonly seconds: number;
}

/**
 * The audio of a file, block by block in bounded memory: WAV, FLAC, MP3, Ogg Vorbis, Opus, and M4A where its decoder is
 * installed. The format is told by the content.
 * @throws DecodeError naming the file, where it can't be read or is damaged or cut off; with `partial` only where
 * nothing of it can be read.
 */
export async function* decodeFile(source: FileSource, options: DecodeOptions = {}): AsyncGenerator<AudioBlock, void> {
  options.signal?.throwIfAborted();
  const reader = await ByteReader.open(source);
  let opened: OpenedDecoder | undefined;
  try {
    opened = await openDecoder(reader).catch((error) => {
      throw new DecodeError(reader.name, reasonOf(error), { cause: error });
    });
    yield* new Decoding(reader, opened, options).run();
  } finally {
    opened?.decoder.free();
    await reader.close();
  }
}

/** One file on its way, and the rule what becomes of damage. */
class Decoding {
  #bytes = 0;
  #samples = 0;
  #channels = 0;
  #sampleRate = 0;
  readonly #reader: ByteReader;
  readonly #opened: OpenedDecoder;
  readonly #options: DecodeOptions;

  constructor(reader: ByteReader, opened: OpenedDecoder, options: DecodeOptions) {
    this.#reader = reader;
    this.#opened = opened;
    this.#options = options;
  }

  async *run(): AsyncGenerator<AudioBlock, void> {
    const { signal, partial } = this.#options;
    const { problems } = this.#opened.decoder;
    let fatal: unknown;
    const blocks = this.#blocks();
    while (true) {
      signal?.throwIfAborted();
      // Not for await: an error of the consumer's must not be taken for one of the file's.
      const next = await blocks.next().catch((error: unknown) => ({ error }));
      signal?.throwIfAborted();
      if ('error' in next) {
        fatal = next.error;
        break;
      }
      if (problems.length > 0 && !partial) break;
      if (next.done) break;
      yield next.value;
    }
    if (fatal !== undefined) problems.push(reasonOf(fatal));
    if (problems.length > 0) this.#report(new DecodeError(this.#reader.name, problems.join('; '), { cause: fatal }));
  }

  /** An error, unless a part is wanted and there is one. */
  #report(error: DecodeError): void {
    if (!this.#options.partial || this.#samples === 0) throw error;
    const seconds = this.#samples / this.#sampleRate;
    const warning = new DecodeError(
      this.#reader.name,
      `only the part that could be read is used (${seconds.toFixed(1)} s): ${error.message.slice(this.#reader.name.length + 2)}`,
      { cause: error },
    );
    if (this.#options.onWarning) this.#options.onWarning(warning);
    else platform.warn(warning.message, 'DecodeWarning');
  }

  async *#blocks(): AsyncGenerator<AudioBlock, void> {
    const { decoder, blocks } = this.#opened;
    for await (const bytes of blocks) {
      this.#options.signal?.throwIfAborted();
      this.#bytes += bytes.length;
      const block = await decoder.decode(bytes);
      if (block) yield this.#checked(block);
      this.#tellProgress();
    }
    const last = await decoder.finish();
    if (last) {
      yield this.#checked(last);
      this.#tellProgress();
    }
    if (this.#samples === 0 && this.#opened.format !== 'wav') throw new FormatError('no audio could be read from it');
  }

  #tellProgress(): void {
    this.#options.onProgress?.({
      bytes: this.#bytes,
      totalBytes: this.#reader.size,
      seconds: this.#samples / (this.#sampleRate || 1),
    });
  }

  #checked(block: AudioBlock): AudioBlock {
    const { channels, sampleRate } = block;
    if (!Number.isInteger(sampleRate) || sampleRate < lowestRate || sampleRate > highestRate) {
      throw new FormatError(
        `its sample rate is ${sampleRate} Hz, but only ${lowestRate} to ${highestRate} Hz can be heard`,
      );
    }
    if (this.#samples > 0 && (channels.length !== this.#channels || sampleRate !== this.#sampleRate)) {
      throw new FormatError(
        `it changes from ${this.#channels} channels at ${this.#sampleRate} Hz to ${channels.length} at ${sampleRate} Hz on its way`,
      );
    }
    this.#channels = channels.length;
    this.#sampleRate = sampleRate;
    this.#samples += channels[0].length;
    const broken = channels.map(tame).some((count) => count > 0);
    const note = 'some of its samples are not numbers (taken as silence)';
    if (broken && !this.#opened.decoder.problems.includes(note)) this.#opened.decoder.problems.push(note);
    return block;
  }
}

/** Puts silence in the place of samples that are no numbers, clips far beyond full scale; gives how many were none. */
function tame(samples: Float32Array): number {
  let broken = 0;
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i];
    if (value >= -largestFloat && value <= largestFloat) continue;
    if (Number.isFinite(value)) samples[i] = Math.sign(value) * largestFloat;
    else {
      samples[i] = 0;
      broken++;
    }
  }
  return broken;
}

function reasonOf(error: unknown): string {
  if (error instanceof FormatError) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `it is damaged, its decoder gave up (${message})`;
}
