/** Weights in the form the kernels read, made once for a tensor and shared by all programs that use it. */
import type { Heap } from './heap.ts';

export interface Constant {
  readonly address: number;
  users: number;
  readonly forget: () => void;
}

export class Constants {
  readonly #heap: Heap;
  readonly #known = new Map<unknown, Map<string, Constant>>();

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** The constant made of `owner` in this form; `make` allocates and fills it the first time. Counts as one use. */
  use(owner: unknown, form: string, make: () => number): Constant {
    const forms = this.#known.get(owner) ?? new Map<string, Constant>();
    let constant = forms.get(form);
    if (!constant) {
      const forget = (): void => {
        forms.delete(form);
        if (forms.size === 0) this.#known.delete(owner);
      };
      constant = { address: make(), users: 0, forget };
      this.#known.set(owner, forms.set(form, constant));
    }
    constant.users++;
    return constant;
  }

  release(constant: Constant): void {
    if (--constant.users > 0) return;
    constant.forget();
    this.#heap.free(constant.address);
  }
}
