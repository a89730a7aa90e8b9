import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Transition } from '../../src/answers/by-model.ts';
import { withoutShortRuns } from '../../src/answers/short-runs.ts';
import { seeded } from '../support/random.ts';

/** `a3 b1`: runs of so many steps, of confidence 0.5, or as told behind a colon. */
function runs(text: string): Transition[] {
  let at = 0;
  return text.split(' ').map((word) => {
    const [, result, steps, confidence = '0.5'] = /^([a-z]+)(\d+)(?::(.+))?$/.exec(word) as unknown as string[];
    const timestamp_start = at;
    at += 64 * Number(steps);
    return { timestamp_start, timestamp_end: at, result, confidence: Number(confidence) };
  });
}

test('a short run goes to its longer neighbour, and equal neighbours become one', () => {
  assert.equal(withoutShortRuns(runs('a5 b1 c9'), 128), runs('a5 c10'));
  assert.equal(withoutShortRuns(runs('a9 b1 c5'), 128), runs('a10 c5'));
  assert.equal(withoutShortRuns(runs('a5 b1 c5'), 128), runs('a6 c5'));
  assert.equal(withoutShortRuns(runs('a5:0.8 b1:0.1 a5:0.6'), 128), runs('a11:0.7'));
  assert.equal(withoutShortRuns(runs('b1 a5 c1'), 128), runs('a7'));
});

test('as long as the bound is long enough; nothing to do is nothing done; a single run stays', () => {
  assert.equal(withoutShortRuns(runs('a5 b2 c5'), 128), runs('a5 b2 c5'));
  assert.equal(withoutShortRuns(runs('a5 b2 c5'), 129), runs('a7 c5'));
  assert.equal(withoutShortRuns(runs('a5 b1 c5'), 0), runs('a5 b1 c5'));
  assert.equal(withoutShortRuns(runs('a1'), 6400), runs('a1'));
  assert.equal(withoutShortRuns([], 6400), []);
});

test('the shortest go first: two crumbs do not hold each other up', () => {
  assert.equal(withoutShortRuns(runs('a20 b2 c1 d20'), 192), runs('a20 d23'));
  assert.equal(withoutShortRuns(runs('a4 b3 a4 c20'), 1280), runs('c31'));
});

test('whatever the runs: contiguous, of the whole length, none short, neighbours different', () => {
  const { below } = seeded('short runs');
  for (let round = 0; round < 300; round++) {
    let result = 0;
    const words = Array.from({ length: 1 + below(40) }, () => {
      result = (result + 1 + below(2)) % 3;
      return `${'abc'[result]}${1 + below(12)}`;
    });
    const text = words.join(' ');
    const before = runs(text);
    const min = 64 * below(12);
    const after = withoutShortRuns(before, min);
    assert.is(after[0].timestamp_start, 0);
    assert.is(after.at(-1)?.timestamp_end, before.at(-1)?.timestamp_end);
    after.forEach((run, i) => {
      if (after.length > 1) assert.ok(run.timestamp_end - run.timestamp_start >= min, `${text} ${min}`);
      if (i === 0) return;
      assert.is(run.timestamp_start, after[i - 1].timestamp_end);
      assert.is.not(run.result, after[i - 1].result);
    });
  }
});

test.run();
