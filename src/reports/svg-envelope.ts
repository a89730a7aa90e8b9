/** The outline of a waveform for a picture: the peaks of equal stretches, whatever the length, in bounded memory. */

const mostBuckets = 4096;

export interface Envelope {
  /** Length of one bucket in seconds; the last one may be shorter. */
  readonly bucketSeconds: number;
  /** Largest absolute sample of each bucket, on the [-1, 1] scale. */
  readonly peaks: Float32Array;
}

export class EnvelopeBuilder {
  readonly #peaks = new Float32Array(mostBuckets);
  readonly #sampleRate: number;
  #bucket = 64;
  #samples = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  add(samples: Float32Array): void {
    for (let i = 0; i < samples.length; i++) {
      let at = Math.floor(this.#samples / this.#bucket);
      if (at === mostBuckets) {
        this.#halve();
        at = mostBuckets / 2;
      }
      const size = Math.abs(samples[i]);
      if (size > this.#peaks[at]) this.#peaks[at] = size;
      this.#samples++;
    }
  }

  /** Two neighbours become one, so there is room for as much again. */
  #halve(): void {
    const peaks = this.#peaks;
    for (let i = 0; i < mostBuckets / 2; i++) peaks[i] = Math.max(peaks[2 * i], peaks[2 * i + 1]);
    peaks.fill(0, mostBuckets / 2);
    this.#bucket *= 2;
  }

  /** Seconds heard so far. */
  get seconds(): number {
    return this.#samples / this.#sampleRate;
  }

  finish(): Envelope {
    return {
      bucketSeconds: this.#bucket / this.#sampleRate,
      peaks: this.#peaks.slice(0, Math.ceil(this.#samples / this.#bucket)),
    };
  }
}

/** The largest peak within [from, to) seconds. */
export function peakBetween({ bucketSeconds, peaks }: Envelope, from: number, to: number): number {
  const last = Math.min(peaks.length, Math.max(Math.floor(from / bucketSeconds) + 1, Math.ceil(to / bucketSeconds)));
  let peak = 0;
  for (let i = Math.floor(from / bucketSeconds); i < last; i++) peak = Math.max(peak, peaks[i]);
  return peak;
}
