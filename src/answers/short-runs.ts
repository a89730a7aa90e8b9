import { stepMilliseconds } from '../audio/format.ts';
import type { Transition } from './by-model.ts';
import { round4 } from './decision.ts';

interface Merged {
  start: number;
  end: number;
  readonly result: string;
  /** Milliseconds that had this result, and their confidence times milliseconds. */
  own: number;
  weight: number;
}

/**
 * The runs without those shorter than `minDuration` ms: each goes to its longer neighbour, the earlier one where both
 * are as long, the shortest runs first. The confidence of a run is the mean over the time that had its result. `runs`
 * are contiguous; so is what is given. A single run stays, however short.
 */
export function withoutShortRuns(runs: readonly Transition[], minDuration: number): Transition[] {
  let left = runs.map(
    ({ timestamp_start: start, timestamp_end: end, result, confidence }): Merged => ({
      start,
      end,
      result,
      own: end - start,
      weight: confidence * (end - start),
    }),
  );
  for (let longest = stepMilliseconds; longest < minDuration + stepMilliseconds; longest += stepMilliseconds) {
    left = mergedUpTo(left, (length) => length <= longest && length < minDuration);
  }
  return left.map(({ start, end, result, own, weight }) => ({
    timestamp_start: start,
    timestamp_end: end,
    result,
    confidence: round4(weight / own),
  }));
}

function mergedUpTo(runs: readonly Merged[], isShort: (length: number) => boolean): Merged[] {
  const done: Merged[] = [];
  for (let i = 0; i < runs.length; i++) {
    const run = runs[i];
    const before = done.at(-1);
    const after = runs[i + 1] as Merged | undefined;
    if (before?.result === run.result) {
      before.end = run.end;
      before.own += run.own;
      before.weight += run.weight;
    } else if (!isShort(run.end - run.start) || !(before || after)) {
      done.push(run);
    } else if (before && (!after || before.end - before.start >= after.end - after.start)) {
      before.end = run.end;
    } else {
      (after as Merged).start = run.start;
    }
  }
  return done;
}
