/** The last samples of a stream: at least `length` of them, from a multiple of `period` samples after its start on. */
export class RecentSamples {
  readonly #length: number;
  readonly #period: number;
  readonly #kept: Float32Array;
  #count = 0;

  constructor(length: number, period: number) {
    this.#length = length;
    this.#period = period;
    this.#kept = new Float32Array(4 * (length + period));
  }

  push(samples: Float32Array): void {
    for (let at = 0; at < samples.length; ) {
      if (this.#count === this.#kept.length) this.#forget();
      const part = samples.subarray(at, at + this.#kept.length - this.#count);
      this.#kept.set(part, this.#count);
      this.#count += part.length;
      at += part.length;
    }
  }

  samples(): Float32Array {
    this.#forget();
    return this.#kept.slice(0, this.#count);
  }

  #forget(): void {
    const spare = this.#count - this.#length;
    const dropped = spare - (spare % this.#period);
    if (dropped <= 0) return;
    this.#kept.copyWithin(0, dropped, this.#count);
    this.#count -= dropped;
  }
}
