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
    let forms = this.#known.get(owner);
    if (!forms) this.#known.set(owner, (forms = new Map()));
    let constant = forms.get(form);
    if (!constant) {
      const kept = forms;
      const forget = (): void => {
        kept.delete(form);
        if (kept.size === 0) this.#known.delete(owner);
      };
      constant = { address: make(), users: 0, forget };
      forms.set(form, constant);
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
