/** Texts in the order of the command line, whichever is ready first. */
export class Ordered {
  readonly #write: (text: string) => void;
  /** What waits for those before it, by place; undefined for one that has nothing to say. */
  readonly #ready = new Map<number, ((first: boolean) => string) | undefined>();
  #next = 0;
  #written = 0;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** How many texts were written. */
  get written(): number {
    return this.#written;
  }

  /** `text` is made when its turn has come, and told whether it is the first. */
  put(place: number, text: ((first: boolean) => string) | undefined): void {
    this.#ready.set(place, text);
    for (; this.#ready.has(this.#next); this.#next++) {
      const make = this.#ready.get(this.#next);
      this.#ready.delete(this.#next);
      if (make) this.#write(make(this.#written++ === 0));
    }
  }
}
