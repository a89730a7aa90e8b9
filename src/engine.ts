import { gateLabel, type Result } from './answers/decision.ts';
import type { TimeSeriesOutput } from './answers/series.ts';
import type { FileSource } from './audio/byte-reader.ts';
import { type AudioData, type Channel, describe, type Encoding } from './audio/format.ts';
import { toPcm } from './audio/pcm.ts';
import type { WeightPrecision } from './backends/backend.ts';
import { ArgumentError, DisposedError, ModelFileError, UndertoneError, UnknownModelError } from './errors.ts';
import { Listener, type Selection, select } from './listening/listener.ts';
import {
  type BytesOptions,
  type FileOptions,
  processAudioBytes,
  processFile,
  processStream,
  type StreamOptions,
  type StreamSource,
} from './listening/recording.ts';
import { AnalysisStream, type ResumeOptions, withResumed } from './listening/stream.ts';
import type { StreamOverview, StreamResult } from './listening/tracks.ts';
import { contract, contractBreaches } from './models/contract.ts';
import type { Model, OpenModel } from './models/model.ts';
import { loadModel, readModel } from './models/model-file.ts';
import type { AnalysisOptions, ModelHandle, ModelHandles } from './options.ts';
import { type FilePlace, platform } from './platform/index.ts';
import { Batcher } from './runtime/batcher.ts';
import { type DeviceInfo, type DeviceName, openDevice } from './runtime/devices.ts';
import { Programs } from './runtime/programs.ts';

export interface EngineOptions {
  /** Default `auto`: a hardware GPU if there is one, else the CPU. */
  readonly device?: DeviceName;
  /**
   * Model files in place of the ones that come with the package: a folder, or by id (`speech`, `gender`, `speech-rt`) the place or
   * the bytes of each. Bytes are copied.
   */
  readonly weights?: Weights;
  /**
   * Device cpu: threads for work that can't be done in one batch, such as many files or chunks. They start when there is
   * such work; a call that is alone is computed on the caller's thread. Default: the cores; 1 for none.
   */
  readonly threads?: number;
  /**
   * Device webgpu: how the large matrices of weights are kept on the GPU. `f16` takes half the memory; products and sums are
   * float32 all the same. A matrix that float16 can't hold stays float32. Default `f32`.
   */
  readonly weightPrecision?: WeightPrecision;
}

/** A folder of model files; or model files by id. */
export type Weights = string | URL | Readonly<Record<string, string | URL | Uint8Array>>;

export interface ChunkOptions extends AnalysisOptions {
  /** Samples in [-1, 1] (Float32Array) or at int16 scale, or bytes; channels interleaved. Copied before the call returns. */
  readonly data: AudioData;
  /** Hz, 8000 to 192000; default 16000, of mulaw and alaw 8000. */
  readonly sampleRate?: number;
  /** Channels interleaved in `data`; default 1. */
  readonly channels?: number;
  /** The channel to hear, from 0 on, or 'mix', the mean of all; needed where there are several. */
  readonly channel?: Channel;
  /** Of bytes; default s16le. */
  readonly encoding?: Encoding;
  /** Takes the call back while it waits. */
  readonly signal?: AbortSignal;
}

export interface ChunkOutput {
  readonly results: Readonly<Record<string, Result>>;
  readonly raw?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export const defaultVolumeThreshold = 0.005;

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

  /** By id. */
  readonly #models: ReadonlyMap<string, OpenModel>;
  /** By id and by name of the handle, in lower case. */
  readonly #byName: ReadonlyMap<string, OpenModel>;
  readonly #batcher: Batcher;
  /** By the ids of the models as they were asked for. */
  readonly #selections = new Map<string, Selection>();
  #disposed = false;

  private constructor(device: DeviceInfo, models: ReadonlyMap<string, OpenModel>, programs: Programs) {
    this.device = device;
    this.#models = models;
    this.#byName = new Map(
      [...models].flatMap(([id, model]) => [id, handleName(id).toLowerCase()].map((name) => [name, model])),
    );
    this.#batcher = new Batcher(programs);
    const handles = [...models.values()].map(({ id, name, version, labels }) =>
      Object.freeze({ name: handleName(id), key: name, version, labels }),
    );
    this.models = Object.freeze(Object.fromEntries(handles.map((handle) => [handle.name, handle]))) as ModelHandles;
  }

  /**
   * Opens a device and the model files.
   * @throws DeviceUnavailableError if a device was named that is not there, ModelFileError for a damaged model file,
   * ArgumentError for an option that is not allowed.
   */
  static async create(options: EngineOptions = {}): Promise<Engine> {
    const { device = 'auto', weights, threads = platform.cores(), weightPrecision } = options;
    if (!Number.isInteger(threads) || threads < 1)
      throw new ArgumentError('threads', describe(threads), 'a whole number from 1 on');
    const models = await openModels(weights);
    const { backend, info, openPool } = await openDevice(device, { weightPrecision });
    const pool = threads > 1 ? await openPool?.(threads) : undefined;
    return new Engine(info, models, new Programs(backend, models, pool));
  }

  /** The names in `engine.models`, sorted. */
  getAvailableModels(): string[] {
    return Object.keys(this.models);
  }

  /** `name` as in `engine.models`, or the key in results; upper and lower case are the same. */
  isModelAvailable(name: string): boolean {
    return this.#byName.has(String(name).toLowerCase());
  }

  /**
   * What is heard in one chunk of at least 64 ms: one answer for each model, over the whole chunk.
   * @throws ArgumentError, InputTooShortError, UnknownModelError; each names the argument, what came and what is allowed.
   */
  async processAudioChunk(options: ChunkOptions): Promise<ChunkOutput> {
    const listener = this.#listener(options);
    const pcm = await toPcm(options);
    const { results, raw } = listener.decide(await listener.hearChunk(pcm, options.signal));
    return options.includeRawValues ? { results, raw } : { results };
  }

  /**
   * The course of a file over time, for each channel. `source` is a path or the file's bytes, in any format the decoders
   * read. Memory is bounded however long the file is, apart from the result.
   * @throws ArgumentError, DecodeError (names the file), InputTooShortError, UnknownModelError
   */
  async processFile(source: FileSource, options: FileOptions): Promise<TimeSeriesOutput> {
    return processFile(source, options, () => this.#listener(options));
  }

  /** The course over time of audio in memory. @throws ArgumentError, InputTooShortError, UnknownModelError */
  async processAudioBytes(options: BytesOptions): Promise<TimeSeriesOutput> {
    return processAudioBytes(options, () => this.#listener(options));
  }

  /**
   * The course of a live stream: each period as soon as its audio is there. `source` is any iterable of chunks of any size,
   * so a Node stream, a socket or a microphone. Gives the numbers that the same audio gives as a file.
   * @throws ArgumentError and UnknownModelError at once; while iterating, what the source throws
   */
  processStream(source: StreamSource, options: StreamOptions): AsyncGenerator<StreamResult, StreamOverview> {
    return processStream(source, options, () => this.#listener(options));
  }

  /** A live stream to push audio into: `write`, `end`, and async iteration over its periods. */
  async openStream(options: StreamOptions | ResumeOptions): Promise<AnalysisStream> {
    const settled = withResumed(options);
    return AnalysisStream.open(settled, () => this.#listener(settled));
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

  /** Checks the options that all calls share. */
  #listener(options: AnalysisOptions): Listener {
    if (this.#disposed) throw new DisposedError('the engine');
    if (options === null || typeof options !== 'object')
      throw new ArgumentError('options', describe(options), 'an object');
    const { models, includeRawValues = false, volumeThreshold = defaultVolumeThreshold } = options;
    if (!Array.isArray(models) || models.length === 0) {
      throw new ArgumentError(
        'models',
        Array.isArray(models) ? 'an empty list' : describe(models),
        `a list of at least one of ${this.getAvailableModels().join(', ')}`,
      );
    }
    if (typeof includeRawValues !== 'boolean')
      throw new ArgumentError('includeRawValues', describe(includeRawValues), 'true or false');
    if (typeof volumeThreshold !== 'number' || !(volumeThreshold >= 0 && volumeThreshold <= 1)) {
      throw new ArgumentError('volumeThreshold', describe(volumeThreshold), 'a number from 0 to 1');
    }
    return new Listener(this.#batcher, {
      ...this.#select(models.map((model) => this.#model(model))),
      includeRawValues,
      volumeThreshold,
    });
  }

  #select(asked: readonly OpenModel[]): Selection {
    const key = asked.map(({ id }) => id).join();
    let selection = this.#selections.get(key);
    if (!selection) {
      const chosen = [...new Set(asked)];
      const twice = chosen.find((model, i) => chosen.findIndex(({ name }) => name === model.name) !== i);
      if (twice)
        throw new ArgumentError(
          'models',
          `two versions of ${handleName(twice.name)}`,
          'one version of each model a call',
        );
      selection = select(chosen, this.#models);
      this.#selections.set(key, selection);
    }
    return selection;
  }

  #model(asked: ModelHandle | string): OpenModel {
    const name = typeof asked === 'string' ? asked : asked?.name;
    const model = this.#byName.get(String(name).toLowerCase());
    if (!model)
      throw new UnknownModelError(typeof name === 'string' ? name : describe(asked), this.getAvailableModels());
    return model;
  }
}

/** The model, if it is one that an engine can listen with. Throws ModelFileError that says which rule it breaks. */
function keepingContract(model: Model, file: string): Model {
  const [breach] = contractBreaches(model.graph, model);
  if (breach !== undefined) throw new ModelFileError(file, `${breach}; the rule: ${contract}`);
  return model;
}

/** The model files that were asked for by id: `speech` for speech.model, `speech@1` for an older version beside it. */
async function openModels(weights: Weights | undefined): Promise<ReadonlyMap<string, OpenModel>> {
  const { files, where } = await filesOf(weights);
  const models = await Promise.all(
    files.map(async ([id, file]) => [id, { ...(await openModel(id, file)), id }] as const),
  );
  const byId = new Map(models);
  if (byId.size === 0) throw new UndertoneError(`weights: ${where} holds no model file`);
  for (const { id, gate: name } of byId.values()) {
    if (name === '') continue;
    const gate = byId.get(name);
    if (!gate)
      throw new UndertoneError(`weights: ${where} holds no ${name}.model, which ${id}.model names as its gate`);
    if (gate.gate !== '' || !gate.labels.includes(gateLabel))
      throw new UndertoneError(`weights: ${id}.model names ${name}.model as its gate, but that can't tell speech`);
  }
  return byId;
}

interface Files {
  readonly files: readonly (readonly [id: string, file: FilePlace | Uint8Array])[];
  /** How an error calls them. */
  readonly where: string;
}

async function filesOf(weights: Weights | undefined): Promise<Files> {
  if (weights === undefined) return { files: Object.entries(packagedModels), where: 'the package' };
  if (typeof weights === 'string' || weights instanceof URL) {
    const where = platform.nameOf(weights);
    return { files: await modelFiles(weights, where), where };
  }
  if (weights === null || typeof weights !== 'object' || ArrayBuffer.isView(weights) || Array.isArray(weights))
    throw new ArgumentError('weights', describe(weights), 'a folder, or model files (places or bytes) by id');
  for (const [id, file] of Object.entries(weights)) {
    if (typeof file !== 'string' && !(file instanceof URL) && !(file instanceof Uint8Array))
      throw new ArgumentError(
        `weights[${JSON.stringify(id)}]`,
        describe(file),
        'a path, a URL or the bytes of a model file',
      );
  }
  // Before the first wait, so that the caller may do with its bytes what it likes.
  const files = Object.entries(weights).map(
    ([id, file]) => [id.toLowerCase(), file instanceof Uint8Array ? file.slice() : file] as const,
  );
  return { files, where: 'weights' };
}

async function openModel(id: string, file: FilePlace | Uint8Array): Promise<Model> {
  return file instanceof Uint8Array
    ? keepingContract(readModel(file, `${id}.model`), `${id}.model`)
    : keepingContract(await loadModel(file), platform.nameOf(file));
}

async function modelFiles(folder: FilePlace, where: string): Promise<[string, FilePlace][]> {
  const suffix = '.model';
  let found: Awaited<ReturnType<typeof platform.listFolder>>;
  try {
    found = await platform.listFolder(where);
  } catch (error) {
    throw new ArgumentError('weights', describe(folder), 'a folder that can be read', { cause: error });
  }
  const files = found.filter(({ name }) => name.endsWith(suffix));
  return files.map(({ name, path }) => [name.slice(0, -suffix.length).toLowerCase(), path]);
}

/** `Speech` for speech, `SpeechRT` for speech-rt, `Speech@1` for speech@1: words of one or two letters are initials. */
function handleName(id: string): string {
  const [name, ...version] = id.split('@');
  const words = name
    .split('-')
    .map((word) => (word.length < 3 ? word.toUpperCase() : word[0].toUpperCase() + word.slice(1)));
  return [words.join(''), ...version].join('@');
}
