/**
 * What the models hear, as Meyda's `melBands` defines it (meyda 5.6.3, src/utilities.ts and
 * src/extractors/melBands.ts). This file is the plain definition that every fast form is held against: the log-mel
 * shader, the WASM kernel.
 *
 * Samples are at int16 scale (full scale is 32768), or the 1 inside the logarithm hides quiet audio.
 */

/**
 * How audio is cut into frames and frames into bands. `frame` is a power of two; lengths are in samples, the rate in
 * Hz.
 */
export interface FrameGeometry {
  readonly frame: number;
  readonly hop: number;
  readonly bands: number;
  readonly sampleRate: number;
}

/** The geometry of all models so far: four frames a step of 64 ms. */
export const defaultGeometry: FrameGeometry = { frame: 512, hop: 256, bands: 64, sampleRate: 16000 };

/** Symmetric Hann window, 0 at both ends: 0.5 - 0.5 cos(2 pi i / (length - 1)). Float32 [length]. */
export function hannWindow(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (length - 1)));
}

/**
 * Triangular filters of peak 1 in sparse form: band b weighs the bins starts[b] .. starts[b] + lengths[b] - 1 with
 * weights[offsets[b]], weights[offsets[b] + 1], ... A narrow low band may hold no bin at all; its value is ln(1) = 0.
 */
export interface FilterBank {
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  readonly offsets: Uint32Array;
  readonly weights: Float32Array;
}

function hertzToMel(hertz: number): number {
  return 1125 * Math.log(1 + hertz / 700);
}

function melToHertz(mel: number): number {
  return 700 * (Math.exp(mel / 1125) - 1);
}

/**
 * The bins between which the triangles stand, [bands + 2]: evenly spaced in mel from 0 Hz to the Nyquist frequency,
 * then floor((frame + 1) f / rate). Meyda keeps mel and hertz in float32; so do we, or an edge could fall one bin off.
 */
export function bandEdges(geometry: FrameGeometry): number[] {
  const { frame, bands, sampleRate } = geometry;
  const spacing = hertzToMel(sampleRate / 2) / (bands + 1);
  return Array.from({ length: bands + 2 }, (_, i) => {
    const hertz = Math.fround(melToHertz(Math.fround(i * spacing)));
    return Math.floor(((frame + 1) * hertz) / sampleRate);
  });
}

/** The triangles over the bins 0 .. frame/2 - 1 (Meyda leaves the Nyquist bin out). */
export function filterBank(geometry: FrameGeometry): FilterBank {
  const edges = bandEdges(geometry);
  const starts = new Uint32Array(geometry.bands);
  const lengths = new Uint32Array(geometry.bands);
  const offsets = new Uint32Array(geometry.bands);
  const weights: number[] = [];
  for (let band = 0; band < geometry.bands; band++) {
    const [left, peak, right] = [edges[band], edges[band + 1], edges[band + 2]];
    const end = Math.min(right, geometry.frame / 2);
    // The rising side is 0 at its first bin, so the stored run starts one later, unless there is no rising side.
    const start = peak > left ? left + 1 : left;
    starts[band] = start;
    lengths[band] = Math.max(0, end - start);
    offsets[band] = weights.length;
    for (let bin = start; bin < end; bin++) {
      weights.push(bin < peak ? (bin - left) / (peak - left) : (right - bin) / (right - peak));
    }
  }
  return { starts, lengths, offsets, weights: Float32Array.from(weights) };
}

/** Power |X_k|^2 of the bins 0 .. length/2 - 1 by the sum that defines the transform; not normalised. */
function powerSpectrum(windowed: ArrayLike<number>): Float64Array {
  const length = windowed.length;
  const cosine = Float64Array.from({ length }, (_, i) => Math.cos((2 * Math.PI * i) / length));
  const sine = Float64Array.from({ length }, (_, i) => Math.sin((2 * Math.PI * i) / length));
  const power = new Float64Array(length / 2);
  for (let bin = 0; bin < power.length; bin++) {
    let real = 0;
    let imaginary = 0;
    for (let i = 0; i < length; i++) {
      real += windowed[i] * cosine[(bin * i) % length];
      imaginary -= windowed[i] * sine[(bin * i) % length];
    }
    power[bin] = real * real + imaginary * imaginary;
  }
  return power;
}

/** One frame: samples [frame] at int16 scale in, ln(1 + sum of weight x power) [bands] out. */
export function logMelFrame(samples: ArrayLike<number>, geometry: FrameGeometry): Float32Array {
  const window = hannWindow(geometry.frame);
  const power = powerSpectrum(Float64Array.from(window, (weight, i) => weight * samples[i]));
  const { starts, lengths, offsets, weights } = filterBank(geometry);
  return Float32Array.from(starts, (start, band) => {
    let sum = 0;
    for (let i = 0; i < lengths[band]; i++) sum += weights[offsets[band] + i] * power[start + i];
    return Math.log(1 + sum);
  });
}

/**
 * Causal framing: frame j covers the samples [(j + 1) hop - frame, (j + 1) hop), zeros before the first, so that n
 * samples (a multiple of hop) give n / hop frames and none looks ahead.
 */
export function frameStart(index: number, geometry: FrameGeometry): number {
  return (index + 1) * geometry.hop - geometry.frame;
}
