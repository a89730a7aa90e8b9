/**
 * The time that a compute pass takes on the GPU itself, by the timestamps of WebGPU's optional feature
 * `timestamp-query`.
 */
import { usage } from './device.ts';

const queryResolve = 0x200;
/** Two timestamps of eight bytes. */
const size = 16;

export class PassTimer {
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #staging: GPUBuffer;

  constructor(device: GPUDevice) {
    this.#queries = device.createQuerySet({ type: 'timestamp', count: 2 });
    this.#resolved = device.createBuffer({ size, usage: queryResolve | usage.copySource });
    this.#staging = device.createBuffer({ size, usage: usage.mapRead | usage.copyTarget });
  }

  /** For beginComputePass. */
  get writes(): GPUComputePassTimestampWrites {
    return { querySet: this.#queries, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
  }

  /** To be called once the pass has ended, on its encoder. */
  resolve(encoder: GPUCommandEncoder): void {
    encoder.resolveQuerySet(this.#queries, 0, 2, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, size);
  }

  /** Seconds of the pass that was submitted last; the spec has timestamps in nanoseconds. */
  async seconds(): Promise<number> {
    await this.#staging.mapAsync(usage.mapRead);
    const [start, end] = new BigUint64Array(this.#staging.getMappedRange());
    this.#staging.unmap();
    return Number(end - start) / 1e9;
  }

  destroy(): void {
    this.#queries.destroy();
    this.#resolved.destroy();
    this.#staging.destroy();
  }
}
