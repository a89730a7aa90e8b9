import { ArgumentError } from '../errors.ts';
import { type FilterBank, type FrameGeometry, filterBank, hannWindow } from './definition.ts';
import { RealSpectrum } from './fft.ts';

/** What one geometry needs, made once. */
interface Plan {
  readonly window: Float32Array;
  readonly bank: FilterBank;
  readonly spectrum: RealSpectrum;
  readonly power: Float64Array;
  /** History and the samples of a stretch, one after the other; grows to the longest stretch so far (at most `longest`). */
  joined: Float32Array;
}

const plans = new Map<string, Plan>();

function planOf(geometry: FrameGeometry): Plan {
  const key = `${geometry.frame}/${geometry.hop}/${geometry.bands}/${geometry.sampleRate}`;
  let plan = plans.get(key);
  if (!plan) {
    plan = {
      window: hannWindow(geometry.frame),
      bank: filterBank(geometry),
      spectrum: new RealSpectrum(geometry.frame),
      power: new Float64Array(geometry.frame / 2),
      joined: new Float32Array(0),
    };
    plans.set(key, plan);
  }
  return plan;
}

/** Frames that a stretch of samples gives; samples must be whole hops. */
export function frameCount(samples: number, geometry: FrameGeometry): number {
  return samples / geometry.hop;
}

/** The history before the first sample of a stream: zeros [frame - hop]. */
export function newHistory(geometry: FrameGeometry): Float32Array {
  return new Float32Array(geometry.frame - geometry.hop);
}

/** Samples worked on at a time, so that an hour in one call needs no second hour of memory. */
const stretch = 1 << 16;

/**
 * Log-mel of the next samples of a stream, the fast form of definition.ts (typed arrays, a real FFT, sparse filters).
 *
 * @param pcm samples at int16 scale, a whole number of hops
 * @param history the last frame - hop samples before these; left as the next call needs it
 * @param out [samples / hop, bands] row-major, ln(1 + power)
 */
export function logMel(
  pcm: Int16Array | Float32Array,
  history: Float32Array,
  geometry: FrameGeometry,
  out: Float32Array,
): void {
  const { frame, hop, bands } = geometry;
  if (pcm.length % hop !== 0) throw new ArgumentError('pcm', `${pcm.length} samples`, `a multiple of the hop, ${hop}`);
  if (history.length !== frame - hop)
    throw new ArgumentError('history', `${history.length} samples`, `${frame - hop} samples long`);
  if (out.length < (pcm.length / hop) * bands) {
    throw new ArgumentError(
      'out',
      `${out.length} values`,
      `at least ${(pcm.length / hop) * bands} long (frames x bands)`,
    );
  }
  const plan = planOf(geometry);
  const step = Math.max(hop, stretch - (stretch % hop));
  for (let start = 0; start < pcm.length; start += step) {
    const part = pcm.subarray(start, Math.min(start + step, pcm.length));
    logMelStretch(plan, part, history, geometry, out.subarray((start / hop) * bands));
  }
}

/** The whole of a recording from its start: [samples / hop, bands]. */
export function logMelOf(pcm: Int16Array | Float32Array, geometry: FrameGeometry): Float32Array {
  const out = new Float32Array(Math.floor(pcm.length / geometry.hop) * geometry.bands);
  logMel(pcm, newHistory(geometry), geometry, out);
  return out;
}

function logMelStretch(
  plan: Plan,
  pcm: Int16Array | Float32Array,
  history: Float32Array,
  geometry: FrameGeometry,
  out: Float32Array,
): void {
  const { frame, hop, bands } = geometry;
  const length = history.length + pcm.length;
  if (plan.joined.length < length) plan.joined = new Float32Array(length);
  const { joined, spectrum, window, power } = plan;
  joined.set(history);
  joined.set(pcm, history.length);
  const { starts, lengths, offsets, weights } = plan.bank;
  for (let start = 0, row = 0; start + frame <= length; start += hop, row += bands) {
    spectrum.power(joined, start, window, power);
    for (let band = 0; band < bands; band++) {
      const first = starts[band];
      const offset = offsets[band];
      const count = lengths[band];
      let sum = 0;
      for (let i = 0; i < count; i++) sum += weights[offset + i] * power[first + i];
      out[row + band] = Math.log(1 + sum);
    }
  }
  history.set(joined.subarray(pcm.length, length));
}
