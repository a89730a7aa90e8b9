/**
 * Long computations on the calling thread, cut into slices, so that the event loop has its turn between them. A
 * computation is a generator, or anything with its `next`, that yields every millisecond or two.
 */
import { platform } from '../platform/index.ts';

/** Milliseconds that all computations together may take of one turn. */
const share = 8;

export type Slices<T> = Generator<void, T>;
type Sliced<T> = Pick<Iterator<void, T>, 'next'>;

interface Job {
  /** One slice; true when it was the last. */
  readonly slice: () => boolean;
}

/** Short jobs and long ones take turns, so that a second of audio does not wait for hours of it. */
const queues: readonly [Job[], Job[]] = [[], []];
let next = 0;
/** When this turn's share is used up; 0 in a turn that has not begun to use it. */
let deadline = 0;

/** Whether this turn of the event loop has time left for another slice. */
export function turnHasTime(): boolean {
  if (deadline === 0) {
    deadline = performance.now() + share;
    void platform.nextTurn().then(() => {
      deadline = 0;
      work();
    });
  }
  return performance.now() < deadline;
}

/**
 * Runs a computation, at once if this turn has the time and nobody waits. `long`: it takes more than some ten slices.
 */
export function inSlices<T>(computation: Sliced<T>, long = false): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const slice = (): boolean => {
      try {
        const next = computation.next();
        if (next.done) resolve(next.value);
        return next.done === true;
      } catch (error) {
        reject(error);
        return true;
      }
    };
    const nobodyWaits = queues[0].length + queues[1].length === 0;
    if (nobodyWaits) while (turnHasTime()) if (slice()) return;
    queues[long ? 1 : 0].push({ slice });
    turnHasTime();
  });
}

function work(): void {
  while (queues[0].length + queues[1].length > 0 && turnHasTime()) {
    next = 1 - next;
    const queue = queues[next].length > 0 ? queues[next] : queues[1 - next];
    if (queue[0].slice()) queue.shift();
  }
}
