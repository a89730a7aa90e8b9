/**
 * The linear memory of a backend: programs and packed weights, one after the other, first fit. It is shared, so that
 * worker threads run the same weights; growing it leaves views of the old extent valid.
 */
import { DeviceLimitError } from '../../errors.ts';
import { WebAssembly } from './webassembly.ts';

const page = 65536;
const align = 64;
/** 2 GiB: addresses stay positive as int32. */
const maximumPages = 32768;
/** Below this stand the constants of the kernels; address 0 stays unused, for it stands for nothing. */
const base = 4096;
/** Kernels may read this far past the end of a buffer. */
const slack = 256;

export class Heap {
  readonly memory = new WebAssembly.Memory({ initial: 1, maximum: maximumPages, shared: true });
  /** Free pieces by address. */
  #free: { from: number; to: number }[] = [{ from: base, to: page - slack }];
  readonly #sizes = new Map<number, number>();

  get byteLength(): number {
    return this.memory.buffer.byteLength;
  }

  /** Address of `bytes` bytes, aligned to 64. */
  allocate(bytes: number): number {
    const size = Math.ceil(Math.max(bytes, 1) / align) * align;
    let piece = this.#free.find(({ from, to }) => to - from >= size);
    if (!piece) piece = this.#grow(size);
    const address = piece.from;
    piece.from += size;
    if (piece.from === piece.to) this.#free.splice(this.#free.indexOf(piece), 1);
    this.#sizes.set(address, size);
    return address;
  }

  free(address: number): void {
    const size = this.#sizes.get(address);
    if (size === undefined) throw new RangeError(`nothing is allocated at ${address}`);
    this.#sizes.delete(address);
    const at = this.#free.findIndex(({ from }) => from > address);
    this.#free.splice(at < 0 ? this.#free.length : at, 0, { from: address, to: address + size });
    this.#free = this.#free.reduce<{ from: number; to: number }[]>((merged, piece) => {
      const last = merged.at(-1);
      if (last && last.to === piece.from) last.to = piece.to;
      else merged.push(piece);
      return merged;
    }, []);
  }

  #grow(size: number): { from: number; to: number } {
    const before = this.byteLength;
    const pages = Math.ceil((size + slack) / page);
    try {
      this.memory.grow(pages);
    } catch {
      throw new DeviceLimitError('WebAssembly memory in bytes', before + pages * page, maximumPages * page);
    }
    const end = this.byteLength - slack;
    const last = this.#free.at(-1);
    if (last && last.to === before - slack) {
      last.to = end;
      return last;
    }
    const piece = { from: before - slack, to: end };
    this.#free.push(piece);
    return piece;
  }

  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  shorts(address: number, length: number): Int16Array {
    return new Int16Array(this.memory.buffer, address, length);
  }

  words(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }
}
