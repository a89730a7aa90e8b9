import { DecodeError } from '../errors.ts';
import { platform } from '../platform/index.ts';
import { ByteReader, type FileSource, SourceError } from './byte-reader.ts';
import { type OpenedAudio, openAudio } from './codecs.ts';
import { type AudioBlock, FormatError, Notes } from './decoder.ts';
import { highestRate, lowestRate, mostChannels } from './format.ts';
import { largestFloat } from './samples.ts';
import { turnHasTime } from './slices.ts';

export type { FileSource } from './byte-reader.ts';
export type { AudioBlock } from './decoder.ts';

/** What becomes of samples that are no numbers: silence and a warning, or an error. */
export type InvalidSamples = 'silence' | 'error';

export interface DecodeOptions {
  readonly signal?: AbortSignal | undefined;
  /** After every block. */
  readonly onProgress?: ((progress: DecodeProgress) => void) | undefined;
  /** Gives what can be read of a damaged or cut-off file, with a warning, in place of an error. Default false. */
  readonly partial?: boolean | undefined;
  /** Default 'silence'. */
  readonly invalidSamples?: InvalidSamples | undefined;
  /** What was odd or, with `partial`, what an error would have said. By default a process warning, DecodeWarning. */
  readonly onWarning?: ((warning: DecodeError) => void) | undefined;
}

export interface DecodeProgress {
  /** Bytes of the file read so far, and in all (undefined for a pipe). */
  readonly bytes: number;
  readonly totalBytes: number | undefined;
  /** Seconds of audio decoded so far. */
  readonly seconds: number;
}

/**
 * The audio of a file, block by block in bounded memory: WAV, AIFF, CAF, AU, FLAC, MP3, Ogg, WebM and Matroska, AMR,
 * and MP4 with what is in it; AAC where its decoder is installed. The format is told by the content.
 * @throws DecodeError naming the file, where it can't be read or is damaged or cut off; with `partial` only where
 * nothing of it can be read. What the source or a callback throws comes as it is.
 */
export async function* decodeFile(source: FileSource, options: DecodeOptions = {}): AsyncGenerator<AudioBlock, void> {
  options.signal?.throwIfAborted();
  const reader = await ByteReader.open(source);
  let opened: OpenedAudio | undefined;
  try {
    opened = await openAudio(reader).catch((error) => {
      if (error instanceof SourceError) throw error.cause;
      throw new DecodeError(reader.name, reasonOf(error), { cause: error });
    });
    yield* new Decoding(reader, opened, options).run();
  } finally {
    opened?.free();
    await reader.close();
  }
}

/** One file on its way, and the rule what becomes of damage. */
class Decoding {
  #samples = 0;
  #channels = 0;
  #sampleRate = 0;
  #invalid = false;
  /** The first sample far beyond full scale. */
  #notNormalised: number | undefined;
  readonly #found = new Notes();
  readonly #reader: ByteReader;
  readonly #opened: OpenedAudio;
  readonly #options: DecodeOptions;

  constructor(reader: ByteReader, opened: OpenedAudio, options: DecodeOptions) {
    this.#reader = reader;
    this.#opened = opened;
    this.#options = options;
  }

  async *run(): AsyncGenerator<AudioBlock, void> {
    const { signal, partial } = this.#options;
    let fatal: unknown;
    const blocks = this.#blocks();
    while (true) {
      signal?.throwIfAborted();
      if (!turnHasTime()) await platform.nextTurn();
      // Not for await: an error of the consumer's must not be taken for one of the file's.
      const next = await blocks.next().catch((error: unknown) => ({ error }));
      signal?.throwIfAborted();
      if ('error' in next) {
        if (next.error instanceof SourceError) throw next.error.cause;
        fatal = next.error;
        break;
      }
      if ((this.#opened.problems.length > 0 || this.#found.list.length > 0) && !partial) break;
      if (next.done) break;
      if (next.value) yield next.value;
      this.#tellProgress();
    }
    const problems = [...new Set([...this.#opened.problems, ...this.#found.list])];
    if (fatal !== undefined) problems.push(reasonOf(fatal));
    if (problems.length > 0) this.#report(new DecodeError(this.#reader.name, problems.join('; '), { cause: fatal }));
    else if (this.#samples === 0) throw new DecodeError(this.#reader.name, 'no audio could be read from it');
    this.#warnOfOddities();
  }

  /** An error, unless a part is wanted and there is one. */
  #report(error: DecodeError): void {
    if (!this.#options.partial || this.#samples === 0) throw error;
    const seconds = this.#samples / this.#sampleRate;
    const reason = error.message.slice(this.#reader.name.length + 2);
    this.#warn(`only the part that could be read is used (${seconds.toFixed(1)} s): ${reason}`, error);
  }

  #warnOfOddities(): void {
    const oddities = [...(this.#opened.warnings ?? [])];
    if (this.#invalid) oddities.push('some of its samples are not numbers (taken as silence)');
    if (oddities.length > 0) this.#warn(oddities.join('; '));
  }

  #warn(reason: string, cause?: DecodeError): void {
    const warning = new DecodeError(this.#reader.name, reason, { cause });
    if (this.#options.onWarning) this.#options.onWarning(warning);
    else platform.warn(warning.message, 'DecodeWarning');
  }

  async *#blocks(): AsyncGenerator<AudioBlock | undefined, void> {
    for await (const block of this.#opened.blocks()) {
      this.#options.signal?.throwIfAborted();
      yield block && this.#checked(block);
    }
  }

  #tellProgress(): void {
    this.#options.onProgress?.({
      bytes: this.#reader.furthest,
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
    if (channels.length > mostChannels)
      throw new FormatError(`it has ${channels.length} channels; at most ${mostChannels} can be heard`);
    if (this.#samples > 0 && (channels.length !== this.#channels || sampleRate !== this.#sampleRate)) {
      throw new FormatError(
        `it changes from ${this.#channels} channels at ${this.#sampleRate} Hz to ${channels.length} at ` +
          `${sampleRate} Hz on its way`,
      );
    }
    this.#channels = channels.length;
    this.#sampleRate = sampleRate;
    this.#samples += channels[0].length;
    for (const samples of channels) if (samples instanceof Float32Array) this.#tame(samples);
    if (this.#invalid && this.#options.invalidSamples === 'error')
      this.#found.add('some of its samples are not numbers');
    if (this.#notNormalised !== undefined)
      this.#found.add(
        `its float samples are not normalised to [-1, 1] (one is ${this.#notNormalised}): integers that were ` +
          'never divided by 32768',
      );
    return block;
  }

  /** Puts silence in the place of samples that are no numbers; clips, and notes, those far beyond full scale. */
  #tame(samples: Float32Array): void {
    for (let i = 0; i < samples.length; i++) {
      const value = samples[i];
      if (value >= -largestFloat && value <= largestFloat) continue;
      if (Number.isFinite(value)) {
        samples[i] = Math.sign(value) * largestFloat;
        this.#notNormalised ??= value;
      } else {
        samples[i] = 0;
        this.#invalid = true;
      }
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof FormatError) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `it is damaged, its decoder gave up (${message})`;
}
