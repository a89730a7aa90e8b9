/**
 * Band-limited resampling to 16 kHz by the Speex resampler (windowed sinc, Kaiser window; J.-M. Valin), which runs in
 * WebAssembly and keeps many streams in one instance. Its output does not depend on how the input is cut into pieces:
 * every output sample is one inner product with the filter, in the same order of summation.
 */
import createSpeex from '@echogarden/speex-resampler-wasm/simd';
import { UndertoneError } from '../errors.ts';
import { fromBase64 } from '../platform/webassembly.ts';
import { innerRate, innerSamples } from './format.ts';
import { RecentSamples } from './recent-samples.ts';
import { fullScale, roundToInt16, type Samples } from './samples.ts';
import { speex } from './speex.generated.ts';

/** The C interface, speex_resampler.h. A pointer or a handle is a number; 0 is none. */
interface Speex {
  readonly HEAPF32: Float32Array;
  readonly HEAPU32: Uint32Array;
  _malloc(bytes: number): number;
  _speex_resampler_init(channels: number, inRate: number, outRate: number, quality: number, error: number): number;
  _speex_resampler_destroy(handle: number): void;
  _speex_resampler_skip_zeros(handle: number): number;
  _speex_resampler_process_float(
    handle: number,
    channel: number,
    input: number,
    inputLength: number,
    output: number,
    outputLength: number,
  ): number;
}

/**
 * Of 0 to 10. At 7 the pass band is flat (0.01 dB) to 0.9 of the lower Nyquist frequency and all above that frequency
 * is 100 dB down; it looks ahead 64 samples of the lower rate (4 to 8 ms). Quality 8 would cost a quarter of the speed.
 */
const quality = 7;

/**
 * Rates on the way from one that shares few factors with 16 kHz. Speex stores its filter for every phase where the
 * ratio is one of small numbers, such as 4 / 7, and otherwise interpolates it at four times the work, so three short
 * steps are three times as fast as one. Those before the last keep far more than 8 kHz, so a slower fall at its end
 * (quality 5) is as good; each looks 40 samples ahead.
 */
const waypoints: Readonly<Record<number, readonly number[]>> = {
  22050: [25200, 22400],
  44100: [25200, 22400],
  88200: [44100, 25200, 22400],
  176400: [88200, 44100, 25200, 22400],
};
const qualityOnTheWay = 5;

/** Samples that go through the instance's scratch memory at a time. */
const blockSamples = 4096;

interface Scratch {
  readonly speex: Speex;
  /** What a step reads and what it writes, in turn. */
  readonly buffers: readonly [number, number];
  /** Two lengths: samples given, then taken; room, then samples made. */
  readonly lengths: number;
}

const room = 2 * blockSamples + 64;

let loading: Promise<Scratch> | undefined;

/** One instance for the process; it holds code and scratch memory, all else is in the resamplers. */
function load(): Promise<Scratch> {
  loading ??= createSpeex({ wasmBinary: fromBase64(speex) }).then((speex: Speex) => ({
    speex,
    buffers: [speex._malloc(4 * room), speex._malloc(4 * room)] as const,
    lengths: speex._malloc(8),
  }));
  return loading;
}

/** Samples of the lower rate that a step's filter spans, by quality (speex_resampler.c, quality_map). */
const filterSpan: Readonly<Record<number, number>> = { [quality]: 128, [qualityOnTheWay]: 80 };

/** From which another resampler of the same rate goes on: what was counted, and the last of what was taken. */
export interface ResamplerState {
  readonly given: number;
  readonly made: number;
  /** At int16 scale, up to the last sample given. They begin where input and output samples coincide. */
  readonly recent: Float32Array;
}

interface Steps {
  readonly speex: Speex;
  /** A handle each, first step first. */
  readonly handles: readonly number[];
}

const destroy = ({ speex, handles }: Steps): void =>
  handles.forEach((handle) => speex._speex_resampler_destroy(handle));
const forgotten = new FinalizationRegistry(destroy);

/**
 * One channel of one stream. The delay of the filter is taken out, so the first output sample is the first input
 * sample.
 */
export class Resampler {
  readonly #scratch: Scratch;
  #handles: readonly number[];
  /**
   * Samples per second in, so far, and 16 kHz samples out; whole numbers below 2^53 (thousands of years at 192 kHz).
   */
  #given = 0;
  #made = 0;
  readonly sampleRate: number;
  readonly #recent: RecentSamples | undefined;

  private constructor(scratch: Scratch, sampleRate: number, resumable: boolean) {
    this.sampleRate = sampleRate;
    this.#scratch = scratch;
    const { speex } = scratch;
    const rates = ratesOnTheWay(sampleRate);
    if (resumable) this.#recent = new RecentSamples(memoryOf(rates), sampleRate / commonFactor(sampleRate, innerRate));
    this.#handles = rates
      .slice(1)
      .map((rate, i) =>
        speex._speex_resampler_init(1, rates[i], rate, rate === innerRate ? quality : qualityOnTheWay, 0),
      );
    if (this.#handles.includes(0)) {
      destroy({ speex, handles: this.#handles.filter((handle) => handle !== 0) });
      throw new UndertoneError(`no memory for a resampler from ${sampleRate} Hz`);
    }
    for (const handle of this.#handles) speex._speex_resampler_skip_zeros(handle);
    forgotten.register(this, { speex, handles: this.#handles }, this);
  }

  /** Opens resamplers at once, when the code is loaded: to make one's filters takes a part of a millisecond. */
  static async maker(): Promise<(sampleRate: number) => Resampler> {
    const scratch = await load();
    return (sampleRate) => new Resampler(scratch, sampleRate, false);
  }

  /** `resumable`: its state can be asked for. With a `state` it goes on where another one was. */
  static async create(sampleRate: number, resumable = false, state?: ResamplerState): Promise<Resampler> {
    const resampler = new Resampler(await load(), sampleRate, resumable);
    if (state) resampler.#resume(state);
    return resampler;
  }

  /** Only of a resumable one. */
  state(): ResamplerState {
    return { given: this.#given, made: this.#made, recent: this.#recent!.samples() };
  }

  /** Takes the last samples once more; what comes of them was given before. */
  #resume({ given, made, recent }: ResamplerState): void {
    const floats = recent.map((sample) => sample / fullScale);
    this.#process(floats, new Int16Array(Math.ceil((recent.length * innerRate) / this.sampleRate) + 64));
    this.#given = given;
    this.#made = made;
  }

  /**
   * Takes samples (int16, or floats in [-1, 1]) and gives those 16 kHz samples that are settled, rounded and clipped.
   */
  push(samples: Samples): Int16Array {
    this.#given += samples.length;
    const out = new Int16Array(Math.ceil((samples.length * innerRate) / this.sampleRate) + 64);
    const made = this.#process(samples, out);
    this.#made += made;
    return out.subarray(0, made);
  }

  /** The rest, as if silence followed: n seconds in have given n seconds out. Frees the memory. */
  finish(): Int16Array {
    const missing = innerSamples(this.#given, this.sampleRate) - this.#made;
    const tail = new Int16Array(missing + 64 + Math.ceil((1024 * innerRate) / this.sampleRate));
    const silence = new Int16Array(1024);
    let made = 0;
    while (made < missing) made += this.#process(silence, tail.subarray(made));
    this.free();
    return tail.subarray(0, missing);
  }

  free(): void {
    if (this.#handles.length === 0) return;
    forgotten.unregister(this);
    destroy({ speex: this.#scratch.speex, handles: this.#handles });
    this.#handles = [];
  }

  #process(samples: Samples, out: Int16Array): number {
    if (this.#handles.length === 0) throw new UndertoneError('this resampler is finished');
    const { speex, buffers } = this.#scratch;
    let made = 0;
    for (let taken = 0; taken < samples.length; taken += blockSamples) {
      const block = samples.subarray(taken, taken + blockSamples);
      // The heap views are read anew each time: growing memory replaces them.
      const input = speex.HEAPF32.subarray(buffers[0] / 4, buffers[0] / 4 + block.length);
      copyAtInt16Scale(block, input);
      this.#recent?.push(input);
      const count = this.#handles.reduce(
        (given, handle, i) => this.#step(handle, given, buffers[i % 2], buffers[(i + 1) % 2]),
        block.length,
      );
      const result = buffers[this.#handles.length % 2] / 4;
      roundToInt16(speex.HEAPF32.subarray(result, result + count), 1, out.subarray(made));
      made += count;
    }
    return made;
  }

  /**
   * One step of a block on its way; gives how many samples it made. There is room for all of them, so it takes all it
   * is given.
   */
  #step(handle: number, given: number, input: number, output: number): number {
    const { speex, lengths } = this.#scratch;
    speex.HEAPU32[lengths / 4] = given;
    speex.HEAPU32[lengths / 4 + 1] = room;
    const error = speex._speex_resampler_process_float(handle, 0, input, lengths, output, lengths + 4);
    if (error !== 0 || speex.HEAPU32[lengths / 4] !== given)
      throw new UndertoneError(`the resampler failed with code ${error}`);
    return speex.HEAPU32[lengths / 4 + 1];
  }
}

function ratesOnTheWay(sampleRate: number): readonly number[] {
  return [sampleRate, ...(waypoints[sampleRate] ?? []), innerRate];
}

/** Samples of the first rate that an output not made yet may depend on, with room to spare. */
function memoryOf(rates: readonly number[]): number {
  const seconds = rates
    .slice(1)
    .reduce(
      (sum, rate, i) => sum + filterSpan[rate === innerRate ? quality : qualityOnTheWay] / Math.min(rates[i], rate),
      0,
    );
  return Math.ceil(1.5 * seconds * rates[0]);
}

function commonFactor(a: number, b: number): number {
  return b === 0 ? a : commonFactor(b, a % b);
}

/** A power of two is an exact factor, so normalised floats and int16 of the same audio give the same bits. */
function copyAtInt16Scale(samples: Samples, out: Float32Array): void {
  if (samples instanceof Int16Array) return out.set(samples);
  for (let i = 0; i < samples.length; i++) out[i] = samples[i] * fullScale;
}
