/** Resolves its waiters all at once, as often as it is rung. */
export class Bell {
  #waiting: (() => void)[] = [];

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  ring(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** A caller may leave the promise alone: its error also comes out of the iteration, and must not end the process. */
export function heldBack(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}
