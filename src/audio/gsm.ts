/**
 * GSM full rate, the decoder (ETSI EN 300 961, GSM 06.10): mono, 160 samples a frame, in the arithmetic of 16 bits that
 * the standard lays down. Own code because no kept package decodes it.
 */
import type { SampleCodec } from './sample-codec.ts';
import { fullScale } from './samples.ts';

const larBits = [6, 6, 5, 5, 4, 4, 3, 3];
/** Table 4.1: bias, smallest code and inverse scale of each log area ratio. */
const larBias = [0, 0, 2048, -2560, 94, -1792, -341, -1144];
const larLowest = [-32, -32, -16, -16, -8, -8, -4, -4];
const larScale = [13107, 13107, 13107, 13107, 19223, 17476, 31454, 29708];
/** Tables 4.3b and 4.6. */
const gains = [3277, 11469, 21299, 32767];
const mantissas = [18431, 20479, 22527, 24575, 26623, 28671, 30719, 32767];
const longestLag = 120;
const frameSamples = 160;

/**
 * `microsoft`: two frames in 65 bytes, low bits first (WAV, tag 0x31); else one in 33, high bits first, behind four
 * bits.
 */
export function gsmCodec(sampleRate: number, microsoft: boolean): SampleCodec {
  const blockBytes = microsoft ? 65 : 33;
  const perBlock = microsoft ? 2 : 1;
  let decoder = new GsmDecoder();
  return {
    channels: 1,
    sampleRate,
    blockBytes,
    blockSamples: perBlock * frameSamples,
    decode(bytes) {
      const blocks = Math.floor(bytes.length / blockBytes);
      const out = new Float32Array(blocks * perBlock * frameSamples);
      for (let frame = 0; frame < blocks * perBlock; frame++) {
        const block = bytes.subarray(Math.floor(frame / perBlock) * blockBytes);
        const first = microsoft ? (frame % 2) * 260 : 4;
        decoder.decode(bitReader(block, first, microsoft), out.subarray(frame * frameSamples));
      }
      return [out];
    },
    reset() {
      decoder = new GsmDecoder();
    },
  };
}

function bitReader(bytes: Uint8Array, first: number, lowFirst: boolean): (count: number) => number {
  let at = first;
  return (count) => {
    let value = 0;
    for (let i = 0; i < count; i++, at++) {
      const bit = (bytes[at >> 3] >> (lowFirst ? at & 7 : 7 - (at & 7))) & 1;
      value = lowFirst ? value | (bit << i) : (value << 1) | bit;
    }
    return value;
  };
}

const saturated = (value: number): number => (value > 32767 ? 32767 : value < -32768 ? -32768 : value);
const product = (a: number, b: number): number => saturated((a * b + 16384) >> 15);

class GsmDecoder {
  /** The long term's residual: the last lag's worth, then the subframe. */
  readonly #residual = new Int16Array(longestLag + 40);
  #lag = 40;
  #lastRatios: readonly number[] = new Array(8).fill(0);
  readonly #lattice = new Int16Array(9);
  #emphasis = 0;

  decode(read: (count: number) => number, out: Float32Array): void {
    const ratios = larBits.map((bits, i) => decodeRatio(read(bits), i));
    const excitation = new Int16Array(frameSamples);
    for (let subframe = 0; subframe < 4; subframe++) {
      this.#readSubframe(read);
      excitation.set(this.#residual.subarray(longestLag), 40 * subframe);
      this.#residual.copyWithin(0, 40);
    }
    this.#synthesize(excitation, ratios, out);
    this.#lastRatios = ratios;
  }

  /** 5.3.1 and 5.3.2: regular pulses, and what the voice's period repeats. */
  #readSubframe(read: (count: number) => number): void {
    const lag = read(7);
    if (lag >= 40 && lag <= longestLag) this.#lag = lag;
    const gain = gains[read(2)];
    const grid = read(2);
    const pulses = readPulses(read);
    for (let k = 0; k < 40; k++) {
      const pulse = k >= grid && (k - grid) % 3 === 0 ? pulses[(k - grid) / 3] : 0;
      this.#residual[longestLag + k] = saturated(
        (pulse ?? 0) + product(gain, this.#residual[longestLag + k - this.#lag]),
      );
    }
  }

  /** 5.3.3 to 5.3.5: the lattice filter, whose coefficients glide at the start of a frame, then de-emphasis. */
  #synthesize(excitation: Int16Array, ratios: readonly number[], out: Float32Array): void {
    const v = this.#lattice;
    let reflection: readonly number[] = [];
    for (let k = 0; k < frameSamples; k++) {
      if (k === 0 || k === 13 || k === 27 || k === 40)
        reflection = ratios.map((ratio, i) => reflectionOf(glide(this.#lastRatios[i], ratio, k)));
      let sample = excitation[k];
      for (let i = 7; i >= 0; i--) {
        sample = saturated(sample - product(reflection[i], v[i]));
        v[i + 1] = saturated(v[i] + product(reflection[i], sample));
      }
      v[0] = sample;
      this.#emphasis = saturated(sample + product(this.#emphasis, 28180));
      out[k] = (saturated(2 * this.#emphasis) & ~7) / fullScale;
    }
  }
}

function decodeRatio(code: number, i: number): number {
  const scaled = product(larScale[i], saturated(((code + larLowest[i]) << 10) - 2 * larBias[i]));
  return saturated(2 * scaled);
}

/** 5.2.9.1, table 3.2. */
function glide(before: number, now: number, k: number): number {
  if (k === 0) return (before >> 2) + (now >> 2) + (before >> 1);
  if (k === 13) return (before >> 1) + (now >> 1);
  if (k === 27) return (before >> 2) + (now >> 2) + (now >> 1);
  return now;
}

/** 5.2.9.2. */
function reflectionOf(ratio: number): number {
  const size = Math.min(32767, Math.abs(ratio));
  const value = size < 11059 ? size << 1 : size < 20070 ? size + 11059 : saturated((size >> 2) + 26112);
  return ratio < 0 ? -value : value;
}

/** 5.2.16: thirteen pulses by a common exponent and mantissa. */
function readPulses(read: (count: number) => number): number[] {
  const peak = read(6);
  let exponent = peak > 15 ? (peak >> 3) - 1 : 0;
  let mantissa = peak - (exponent << 3);
  if (mantissa === 0) {
    exponent = -4;
    mantissa = 7;
  } else {
    while (mantissa <= 7) {
      mantissa = (mantissa << 1) | 1;
      exponent--;
    }
    mantissa -= 8;
  }
  const shift = 6 - exponent;
  const half = shift > 0 ? 1 << (shift - 1) : 0;
  return Array.from(
    { length: 13 },
    () => saturated(product(mantissas[mantissa], (2 * read(3) - 7) << 12) + half) >> shift,
  );
}
