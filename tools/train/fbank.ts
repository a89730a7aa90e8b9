/**
 * Kaldi's filter-bank features as FireRedVAD takes them: frames of 25 ms each 10 ms, no padding, mean taken off,
 * pre-emphasis 0.97, Povey window, power spectrum of 512, 80 triangles in mel (1127 ln(1 + f / 700)) from 20 Hz to
 * 8 kHz, natural logarithm.
 */
const FRAME = 400;
const SHIFT = 160;
const SIZE = 512;
export const BANDS = 80;
const LOW = 20;
const HIGH = 8000;
const RATE = 16000;
const EMPHASIS = 0.97;
const FLOOR = 1.1920929e-7; // float32's epsilon

const mel = (hertz: number) => 1127 * Math.log(1 + hertz / 700);

const window = Float64Array.from(
  { length: FRAME },
  (_, i) => (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (FRAME - 1))) ** 0.85,
);

interface Band {
  first: number;
  weights: number[];
}

function triangles(): Band[] {
  const step = (mel(HIGH) - mel(LOW)) / (BANDS + 1);
  return Array.from({ length: BANDS }, (_, band) => {
    const [left, centre, right] = [0, 1, 2].map((i) => mel(LOW) + (band + i) * step) as [number, number, number];
    const weights = Array.from({ length: SIZE / 2 }, (_, bin) => {
      const at = mel((bin * RATE) / SIZE);
      if (at <= left || at >= right) return 0;
      return at <= centre ? (at - left) / (centre - left) : (right - at) / (right - centre);
    });
    const first = weights.findIndex((weight) => weight > 0);
    return { first: Math.max(first, 0), weights: weights.filter((weight) => weight > 0) };
  });
}

const bands = triangles();
const reversed = Uint16Array.from({ length: SIZE }, (_, i) => {
  let [value, out] = [i, 0];
  for (let bit = 1; bit < SIZE; bit *= 2, value >>= 1) out = out * 2 + (value & 1);
  return out;
});
const cosine = Float64Array.from({ length: SIZE / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / SIZE));
const sine = Float64Array.from({ length: SIZE / 2 }, (_, i) => -Math.sin((2 * Math.PI * i) / SIZE));

/** Radix-2 transform in place; the input lies in bit-reversed order. */
function transform(re: Float64Array, im: Float64Array): void {
  for (let half = 1; half < SIZE; half *= 2) {
    const stride = SIZE / (2 * half);
    for (let start = 0; start < SIZE; start += 2 * half)
      for (let k = 0; k < half; k++) {
        const [a, b, w] = [start + k, start + k + half, k * stride];
        const x = re[b] * cosine[w] - im[b] * sine[w];
        const y = re[b] * sine[w] + im[b] * cosine[w];
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] = re[a] + x;
        im[a] = im[a] + y;
      }
  }
}

/** int16 samples at 16 kHz -> [frames, 80]; empty if there is no whole frame. */
export function fbank(samples: Int16Array): Float32Array {
  const frames = samples.length < FRAME ? 0 : 1 + Math.floor((samples.length - FRAME) / SHIFT);
  const features = new Float32Array(frames * BANDS);
  const [re, im, frame] = [new Float64Array(SIZE), new Float64Array(SIZE), new Float64Array(SIZE)];
  for (let index = 0; index < frames; index++) {
    let mean = 0;
    for (let i = 0; i < FRAME; i++) mean += samples[index * SHIFT + i];
    mean /= FRAME;
    let before = samples[index * SHIFT] - mean;
    for (let i = 0; i < FRAME; i++) {
      const value = samples[index * SHIFT + i] - mean;
      frame[i] = (value - EMPHASIS * before) * window[i];
      before = value;
    }
    for (let i = 0; i < SIZE; i++) re[i] = frame[reversed[i]];
    im.fill(0);
    transform(re, im);
    for (const [band, { first, weights }] of bands.entries()) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * (re[first + i] ** 2 + im[first + i] ** 2);
      features[index * BANDS + band] = Math.log(Math.max(sum, FLOOR));
    }
  }
  return features;
}
