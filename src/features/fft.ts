/**
 * Power spectrum of real frames by a complex transform of half the length (Press et al., Numerical Recipes, "FFT of
 * single real function"): even samples are the real part, odd ones the imaginary part, and a last pass splits them.
 * Everything is made once for a length; a call allocates nothing.
 */
export class RealSpectrum {
  readonly #half: number;
  readonly #order: Uint16Array;
  /** cos and sin of 2 pi k / half for the butterflies, of 2 pi k / length for the split. */
  readonly #cosines: Float64Array;
  readonly #sines: Float64Array;
  readonly #splitCosines: Float64Array;
  readonly #splitSines: Float64Array;
  readonly #real: Float64Array;
  readonly #imaginary: Float64Array;
  readonly length: number;

  /** @param length a power of two, at least 4 */
  constructor(length: number) {
    this.length = length;
    const half = (this.#half = length / 2);
    const bits = Math.log2(half);
    this.#order = Uint16Array.from({ length: half }, (_, i) => reverseBits(i, bits));
    this.#cosines = Float64Array.from({ length: half / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / half));
    this.#sines = Float64Array.from({ length: half / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / half));
    this.#splitCosines = Float64Array.from({ length: half }, (_, k) => Math.cos((2 * Math.PI * k) / length));
    this.#splitSines = Float64Array.from({ length: half }, (_, k) => -Math.sin((2 * Math.PI * k) / length));
    this.#real = new Float64Array(half);
    this.#imaginary = new Float64Array(half);
  }

  /** Samples [length] times window [length] in; |X_k|^2, not normalised, of the bins 0 .. length/2 - 1 out. */
  power(samples: Float32Array, start: number, window: Float32Array, out: Float64Array): void {
    const half = this.#half;
    const order = this.#order;
    const real = this.#real;
    const imaginary = this.#imaginary;
    for (let i = 0; i < half; i++) {
      const at = order[i];
      const even = start + 2 * i;
      real[at] = samples[even] * window[2 * i];
      imaginary[at] = samples[even + 1] * window[2 * i + 1];
    }
    this.#firstTwoStages();
    for (let span = 4; span < half; span *= 2) this.#stage(span);
    this.#split(out);
  }

  /** Butterflies of span 1 and 2 together: their factors are 1 and -i, so they need no multiplication. */
  #firstTwoStages(): void {
    const half = this.#half;
    const real = this.#real;
    const imaginary = this.#imaginary;
    if (half === 2) return this.#stage(1);
    for (let i = 0; i < half; i += 4) {
      const sumReal = real[i] + real[i + 1];
      const sumImaginary = imaginary[i] + imaginary[i + 1];
      const differenceReal = real[i] - real[i + 1];
      const differenceImaginary = imaginary[i] - imaginary[i + 1];
      const otherSumReal = real[i + 2] + real[i + 3];
      const otherSumImaginary = imaginary[i + 2] + imaginary[i + 3];
      const otherDifferenceReal = real[i + 2] - real[i + 3];
      const otherDifferenceImaginary = imaginary[i + 2] - imaginary[i + 3];
      real[i] = sumReal + otherSumReal;
      imaginary[i] = sumImaginary + otherSumImaginary;
      real[i + 2] = sumReal - otherSumReal;
      imaginary[i + 2] = sumImaginary - otherSumImaginary;
      real[i + 1] = differenceReal + otherDifferenceImaginary;
      imaginary[i + 1] = differenceImaginary - otherDifferenceReal;
      real[i + 3] = differenceReal - otherDifferenceImaginary;
      imaginary[i + 3] = differenceImaginary + otherDifferenceReal;
    }
  }

  #stage(span: number): void {
    const half = this.#half;
    const cosines = this.#cosines;
    const sines = this.#sines;
    const real = this.#real;
    const imaginary = this.#imaginary;
    const stride = half / (2 * span);
    for (let block = 0; block < half; block += 2 * span) {
      for (let k = 0; k < span; k++) {
        const cosine = cosines[k * stride];
        const sine = sines[k * stride];
        const a = block + k;
        const b = a + span;
        const productReal = real[b] * cosine - imaginary[b] * sine;
        const productImaginary = real[b] * sine + imaginary[b] * cosine;
        real[b] = real[a] - productReal;
        imaginary[b] = imaginary[a] - productImaginary;
        real[a] += productReal;
        imaginary[a] += productImaginary;
      }
    }
  }

  #split(out: Float64Array): void {
    const half = this.#half;
    const splitCosines = this.#splitCosines;
    const splitSines = this.#splitSines;
    const real = this.#real;
    const imaginary = this.#imaginary;
    out[0] = (real[0] + imaginary[0]) ** 2;
    for (let k = 1; k < half; k++) {
      const mirror = half - k;
      const evenReal = 0.5 * (real[k] + real[mirror]);
      const evenImaginary = 0.5 * (imaginary[k] - imaginary[mirror]);
      const oddReal = 0.5 * (imaginary[k] + imaginary[mirror]);
      const oddImaginary = 0.5 * (real[mirror] - real[k]);
      const valueReal = evenReal + oddReal * splitCosines[k] - oddImaginary * splitSines[k];
      const valueImaginary = evenImaginary + oddReal * splitSines[k] + oddImaginary * splitCosines[k];
      out[k] = valueReal * valueReal + valueImaginary * valueImaginary;
    }
  }
}

function reverseBits(value: number, bits: number): number {
  let reversed = 0;
  for (let i = 0; i < bits; i++) reversed |= ((value >> i) & 1) << (bits - 1 - i);
  return reversed;
}
