/**
 * The linear memory of a backend: programs and packed weights, one after the other, first fit. It is shared, so that
 * worker threads run the same weights; growing it leaves views of the old extent valid.
 */
import { DeviceLimitError } from '../../errors.ts';
import { platform } from '../../platform/index.ts';
import { WebAssembly } from '../../platform/webassembly.ts';

const page = 65536;
const align = 64;
const maximumPages = platform.mostPages;
/** Below this stand the constants of the kernels; address 0 stays unused, for it stands for nothing. */
const base = 4096;
/** Kernels may read this far past the end of a buffer. */
const slack = 256;

interface Piece {
  from: number;
  to: number;
}

export class Heap {
  readonly memory = new WebAssembly.Memory({ initial: 1, maximum: maximumPages, shared: true });
  /** Free pieces by address. */
  #free: Piece[] = [{ from: base, to: page - slack }];
  readonly #sizes = new Map<number, number>();

  get byteLength(): number {
    return this.memory.buffer.byteLength;
  }

  /** Address of `bytes` bytes, aligned to 64. */
  allocate(bytes: number): number {
    const size = Math.ceil(Math.max(bytes, 1) / align) * align;
    let piece = this.#free.find(({ from, to }) => to - from >= size);
    if (!piece) {
      this.#grow(size);
      piece = this.#free.at(-1)!;
    }
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
    this.#add({ from: address, to: address + size });
  }

  #add(freed: Piece): void {
    const merged: Piece[] = [];
    for (const piece of [...this.#free, freed].sort((a, b) => a.from - b.from)) {
      const last = merged.at(-1);
      if (last?.to === piece.from) last.to = piece.to;
      else merged.push(piece);
    }
    this.#free = merged;
  }

  #grow(size: number): void {
    const before = this.byteLength;
    const pages = Math.ceil((size + slack) / page);
    try {
      this.memory.grow(pages);
    } catch {
      throw new DeviceLimitError('WebAssembly memory in bytes', before + pages * page, maximumPages * page);
    }
    this.#add({ from: before - slack, to: this.byteLength - slack });
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
