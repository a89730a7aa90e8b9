import type { Models, RawValues, Results } from './answers/by-model.ts';
import type { TimeSeriesOutput } from './answers/series.ts';
import type { FileSource } from './audio/byte-reader.ts';
import { toPcm } from './audio/pcm.ts';
import { ArgumentError, DisposedError } from './errors.ts';
import { Listener } from './listening/listener.ts';
import { processStream, type StreamSource } from './listening/pull.ts';
import { processAudioBytes, processFile } from './listening/recording.ts';
import { ModelSet } from './listening/selection.ts';
import { type ResumeOptions, withResumed } from './listening/snapshot.ts';
import { AnalysisStream } from './listening/stream.ts';
import type { StreamOverview, StreamResult } from './listening/tracks.ts';
import { openModels } from './models/model-files.ts';
import {
  type AnalysisSettings,
  type BytesOptions,
  type ChunkOptions,
  type EngineOptions,
  type FileOptions,
  type ModelHandles,
  type StreamOptions,
  settleBytes,
  settleChunk,
  settleEngine,
  settleFile,
  settleStream,
} from './options.ts';
import { Batcher } from './runtime/batcher.ts';
import { type DeviceInfo, openDevice } from './runtime/devices.ts';
import { Programs } from './runtime/programs.ts';
import { type EngineStats, StatsCounter } from './runtime/stats.ts';

export interface ChunkOutput<M extends Models = Models> {
  readonly results: Results<M>;
  readonly raw?: RawValues<M>;
}

/** The model files that come with the package, by id; each a literal URL, which bundlers follow. */
export const packagedModels: Readonly<Record<string, URL>> = {
  gender: new URL('../weights/gender.model', import.meta.url),
  speech: new URL('../weights/speech.model', import.meta.url),
  'speech-rt': new URL('../weights/speech-rt.model', import.meta.url),
};

/**
 * Opens models on a device and answers for audio. Any number of calls may be under way at once; those that wait
 * together are computed together.
 */
export class Engine {
  /** Which device computes, and why it was chosen. */
  readonly device: DeviceInfo;
  /** By name: `engine.models.Speech`, `engine.models.Gender`. */
  readonly models: ModelHandles;

  readonly #models: ModelSet;
  readonly #batcher: Batcher;
  readonly #stats = new StatsCounter();
  #disposed = false;

  private constructor(device: DeviceInfo, models: ModelSet, programs: Programs) {
    this.device = device;
    this.models = models.handles;
    this.#models = models;
    this.#batcher = new Batcher(programs, this.#stats);
  }

  /**
   * Opens a device and the model files.
   * @throws DeviceUnavailableError if a device was named that is not there, ModelFileError for a damaged model file,
   * ArgumentError for an option that is not allowed.
   */
  static async create(options: EngineOptions = {}): Promise<Engine> {
    const { device, weights, threads, weightPrecision } = settleEngine(options);
    const models = new ModelSet(await openModels(weights, packagedModels));
    const { backend, info } = await openDevice(device, { weightPrecision });
    const pool = threads > 1 ? await backend.openPool?.(threads) : undefined;
    return new Engine(info, models, new Programs(backend, models.byId, pool));
  }

  /** The names in `engine.models`, sorted. */
  getAvailableModels(): string[] {
    return this.#models.names;
  }

  /** `name` as in `engine.models`, or the key in results; upper and lower case are the same. */
  isModelAvailable(name: string): boolean {
    return this.#models.has(name);
  }

  /**
   * What is heard in one chunk of at least 64 ms: one answer for each model, over the whole chunk.
   * @throws ArgumentError, InputTooShortError, UnknownModelError; each names the argument, what came and what is
   * allowed.
   */
  async processAudioChunk<const M extends Models>(options: ChunkOptions<M>): Promise<ChunkOutput<M>> {
    return this.#counted(async () => {
      const settings = settleChunk(options);
      const listener = this.#listeners(settings)();
      const steps = await listener.hearChunk(await toPcm(settings), settings.signal);
      const { results, raw } = listener.decide(steps);
      return (settings.includeRawValues ? { results, raw } : { results }) as ChunkOutput<M>;
    });
  }

  /**
   * Time series for each channel of a file. `source` is a path or the file's bytes, in any format the decoders read.
   * Memory is bounded however long the file is, apart from the result.
   * @throws ArgumentError, DecodeError (names the file), InputTooShortError, UnknownModelError
   */
  async processFile<const M extends Models>(source: FileSource, options: FileOptions<M>): Promise<TimeSeriesOutput<M>> {
    return this.#counted(() => {
      const settings = settleFile(options);
      return processFile(source, settings, this.#listeners(settings)) as Promise<TimeSeriesOutput<M>>;
    });
  }

  /** Time series for audio in memory. @throws ArgumentError, InputTooShortError, UnknownModelError */
  async processAudioBytes<const M extends Models>(options: BytesOptions<M>): Promise<TimeSeriesOutput<M>> {
    return this.#counted(() => {
      const settings = settleBytes(options);
      return processAudioBytes(settings, this.#listeners(settings)) as Promise<TimeSeriesOutput<M>>;
    });
  }

  /**
   * Time series for a live stream: each period as soon as its audio is there. `source` is any iterable of chunks of any
   * size, such as a Node stream, a socket or a microphone. Gives the numbers that the same audio gives as a file.
   * @throws ArgumentError and UnknownModelError at once; while iterating, what the source throws
   */
  processStream<const M extends Models>(
    source: StreamSource,
    options: StreamOptions<M>,
  ): AsyncGenerator<StreamResult<M>, StreamOverview<M>> {
    const settings = settleStream(options);
    if (settings.resume !== undefined)
      throw new ArgumentError('resume', 'a snapshot', 'left out: only openStream goes on from one');
    const periods = watched(processStream(source, settings, this.#listeners(settings)), this.#stats);
    return periods as AsyncGenerator<StreamResult<M>, StreamOverview<M>>;
  }

  /** A live stream to push audio into: `write`, `end`, and async iteration over its periods. */
  async openStream<const M extends Models = Models>(
    options: StreamOptions<M> | ResumeOptions<M>,
  ): Promise<AnalysisStream<M>> {
    return this.#counted(() => {
      const settings = settleStream(withResumed(options));
      return AnalysisStream.open<M>(settings, this.#listeners(settings), this.#stats);
    });
  }

  /** What was done so far and what is under way, for those who watch a service. */
  stats(): EngineStats {
    return this.#stats.snapshot(this.#batcher.waiting);
  }

  /** Ends all work: calls that wait are refused with DisposedError. Afterwards the process can exit by itself. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#batcher.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** What goes wrong is counted, and the caller's. */
  async #counted<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      this.#stats.failed(error);
      throw error;
    }
  }

  /** Makes listeners for one call, each for a channel of its own. */
  #listeners({ models, includeRawValues, volumeThreshold }: AnalysisSettings): () => Listener {
    if (this.#disposed) throw new DisposedError('the engine');
    const settings = { ...this.#models.select(models), includeRawValues, volumeThreshold };
    return () => new Listener(this.#batcher, settings);
  }
}

/** A stream that is pulled, counted from its first period on. */
async function* watched<T, R>(periods: AsyncGenerator<T, R>, stats: StatsCounter): AsyncGenerator<T, R> {
  stats.streamOpened();
  try {
    return yield* periods;
  } catch (error) {
    stats.failed(error);
    throw error;
  } finally {
    stats.streamEnded();
  }
}
