import type { Heap } from './heap.ts';

/** What a program tells its workspace when that has moved. */
export interface Tenant {
  relink(): void;
}

/**
 * Memory for the values of programs that never run at the same time, as large as the largest of them needs: what a run
 * leaves there is worthless after it. On one thread that is all programs of a backend.
 */
export class Workspace {
  readonly #heap: Heap;
  readonly #tenants = new Set<Tenant>();
  #size = 0;
  address = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** Makes room for a program of this size; those that are here move along. */
  reserve(size: number): void {
    if (size <= this.#size) return;
    const before = this.address;
    this.address = this.#heap.allocate(size);
    this.#size = size;
    if (before) this.#heap.free(before);
    for (const tenant of this.#tenants) tenant.relink();
  }

  enter(tenant: Tenant): void {
    this.#tenants.add(tenant);
  }

  /** The memory goes with the last program. */
  leave(tenant: Tenant): void {
    this.#tenants.delete(tenant);
    if (this.#tenants.size > 0 || this.address === 0) return;
    this.#heap.free(this.address);
    this.#size = this.address = 0;
  }
}
