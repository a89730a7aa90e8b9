/**
 * Log-mel as four kernels: window, the two halves of a Fourier transform, mel bands. The transform of N = N1 N2 samples
 * is split once (Cooley and Tukey): with n = N2 n1 + n2 and k = k1 + N1 k2
 *   A[k1, n2] = sum over n1 of x[n] W^(n k1),   X[k] = sum over n2 of A[k1, n2] W^(N1 n2 k2),   W = exp(-2 pi i / N),
 * N1 + N2 terms a bin in place of N. More, smaller stages would have fewer products but more passes over memory, which
 * cost more here; and float32 is only rounded to once in between, where every stage would round.
 */
import { filterBank, hannWindow } from '../../../features/definition.ts';
import { logMelGeometry } from '../../../ops/logmel.ts';
import type { KernelThis } from '../kernels.ts';
import type { StepMaker } from '../step.ts';
import { keepLast } from './padding.ts';

/** Sample x of frame z. */
function windowed(this: KernelThis, samples: number[]): number {
  return samples[this.thread.z * this.constants.hop + this.thread.x] * this.constants.window[this.thread.x];
}

/** A[k1 = y, n2]: real parts in the first N2 cells of x, imaginary parts (-sin t = cos(t + pi / 2)) in the others. */
function firstHalf(this: KernelThis, frames: number[]): number {
  const part = this.thread.x >> this.constants.bits2;
  const n2 = this.thread.x & (this.constants.n2 - 1);
  const from = this.thread.z * this.constants.frame;
  const turn = part * (this.constants.frame >> 2);
  let sum = 0;
  for (let n = n2; n < this.constants.frame; n += this.constants.n2) {
    sum += frames[from + n] * this.constants.cosine[(n * this.thread.y + turn) & (this.constants.frame - 1)];
  }
  return sum;
}

/** |X_k|^2 of bin k = x. */
function power(this: KernelThis, halves: number[]): number {
  const row = this.thread.x & (this.constants.n1 - 1);
  const turn = (this.thread.x >> this.constants.bits1) * this.constants.n1;
  const from = (this.thread.z * this.constants.n1 + row) * 2 * this.constants.n2;
  let real = 0;
  let imaginary = 0;
  for (let i = 0; i < this.constants.n2; i++) {
    const a = halves[from + i];
    const b = halves[from + this.constants.n2 + i];
    const cosine = this.constants.cosine[(i * turn) & (this.constants.frame - 1)];
    const sine = this.constants.cosine[(i * turn + 3 * (this.constants.frame >> 2)) & (this.constants.frame - 1)];
    real += a * cosine + b * sine;
    imaginary += b * cosine - a * sine;
  }
  return real * real + imaginary * imaginary;
}

/** Band x of frame z. */
function melBand(this: KernelThis, spectrum: number[]): number {
  const from = this.thread.z * (this.constants.frame >> 1) + this.constants.starts[this.thread.x];
  const weight = this.constants.offsets[this.thread.x];
  let sum = 0;
  for (let i = 0; i < this.constants.lengths[this.thread.x]; i++)
    sum += spectrum[from + i] * this.constants.weights[weight + i];
  return Math.log(1 + sum);
}

export const logmel: StepMaker = ({ node, kernels, batch, inputShapes, inputs, output, state: places }) => {
  const geometry = logMelGeometry(node);
  const { frame, hop, bands } = geometry;
  const samples = inputShapes[0][1];
  const frames = samples / hop;
  const kept = frame - hop;
  const bits = Math.log2(frame);
  const bits1 = Math.ceil(bits / 2);
  const [n1, n2] = [2 ** bits1, 2 ** (bits - bits1)];
  const { window, cosine, starts, lengths, offsets, weights } = tablesOf(geometry);

  const toFrames = kernels.get({ name: 'windowed', body: windowed, inputs: ['Array'], constants: { hop, window } });
  const toHalves = kernels.get({
    name: 'firstHalf',
    body: firstHalf,
    inputs: ['Array'],
    constants: { frame, n2, bits2: bits - bits1, cosine },
  });
  const toPower = kernels.get({
    name: 'power',
    body: power,
    inputs: ['Array'],
    constants: { frame, n1, n2, bits1, cosine },
  });
  const toBands = kernels.get({
    name: 'melBand',
    body: melBand,
    inputs: ['Array'],
    constants: { frame, starts, lengths, offsets, weights },
  });

  const joined = new Float32Array(kept + samples);
  const cut = new Float32Array(frames * frame);
  const halves = new Float32Array(frames * n1 * 2 * n2);
  const spectrum = new Float32Array((frames * frame) / 2);
  const [frameSize, halfSize, powerSize, bandSize] = [
    [frame, 1, frames],
    [2 * n2, n1, frames],
    [frame / 2, 1, frames],
    [bands, 1, frames],
  ] as const;
  toFrames.build(frameSize, joined);
  toHalves.build(halfSize, cut);
  toPower.build(powerSize, halves);
  toBands.build(bandSize, spectrum);
  return (state) => {
    for (let b = 0; b < batch; b++) {
      const own = inputs[0]!.subarray(b * samples, (b + 1) * samples);
      joined.fill(0, 0, kept);
      joined.set(own, kept);
      if (state && places[0]) {
        const history = places[0].of(state, b);
        joined.set(history);
        keepLast(history, own);
      }
      toFrames.run(cut, frameSize, joined);
      toHalves.run(halves, halfSize, cut);
      toPower.run(spectrum, powerSize, halves);
      toBands.run(output.subarray(b * frames * bands, (b + 1) * frames * bands), bandSize, spectrum);
    }
  };
};

type Tables = Record<'window' | 'cosine' | 'starts' | 'lengths' | 'offsets' | 'weights', Float32Array>;
const tables = new Map<string, Tables>();

/** Made once for a geometry: kernels are told apart by the identity of their arrays. */
function tablesOf(geometry: ReturnType<typeof logMelGeometry>): Tables {
  const key = JSON.stringify(geometry);
  let made = tables.get(key);
  if (!made) {
    const { frame } = geometry;
    const bank = filterBank(geometry);
    made = {
      window: hannWindow(frame),
      cosine: Float32Array.from({ length: frame }, (_, i) => Math.cos((2 * Math.PI * i) / frame)),
      starts: Float32Array.from(bank.starts),
      lengths: Float32Array.from(bank.lengths),
      offsets: Float32Array.from(bank.offsets),
      weights: bank.weights,
    };
    tables.set(key, made);
  }
  return made;
}
