/** Steps that wait: whatever is pushed comes out again, in order and once, however the buffers move. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { StepQueue, stepsAtATime } from '../../src/listening/step-queue.ts';
import { seeded } from '../support/random.ts';

const step = 1024;

/** Numbered samples of two channels. */
function blockFrom(first: number, steps: number): [Int16Array, Int16Array] {
  const samples = (offset: number): Int16Array =>
    Int16Array.from({ length: steps * step }, (_, i) => (first * step + i + offset) % 30011);
  return [samples(0), samples(7)];
}

test('pushes and takes of any sizes, one after the other', () => {
  for (const seed of ['a', 'b']) {
    const random = seeded(`queue ${seed}`);
    const queue = new StepQueue();
    let [pushed, taken] = [0, 0];
    for (let turn = 0; turn < 40; turn++) {
      if (random.uniform() < 0.55) {
        const steps = random.below(turn % 5 === 0 ? 200 : 20);
        queue.push(blockFrom(pushed, steps));
        pushed += steps;
      } else if (queue.steps > 0) {
        const [left, right] = queue.take();
        assert.ok(left.length <= stepsAtATime * step);
        const [expectedLeft, expectedRight] = blockFrom(taken, left.length / step);
        assert.equal(left, expectedLeft);
        assert.equal(right, expectedRight);
        taken += left.length / step;
      }
      assert.is(queue.steps, pushed - taken);
    }
  }
});

test('what waits moves to the front where that makes room', () => {
  const queue = new StepQueue();
  queue.push(blockFrom(0, 100));
  queue.take();
  // 36 steps wait behind 64 that were taken; 50 more fit only in front.
  queue.push(blockFrom(100, 50));
  assert.is(queue.steps, 86);
  assert.equal(queue.take()[0], blockFrom(64, 64)[0]);
  assert.equal(queue.take()[1], blockFrom(128, 22)[1]);
  assert.is(queue.steps, 0);
});

test('cleared, it begins anew', () => {
  const queue = new StepQueue();
  queue.push(blockFrom(0, 400));
  queue.clear();
  assert.is(queue.steps, 0);
  queue.push(blockFrom(5, 2));
  assert.equal(queue.take()[0], blockFrom(5, 2)[0]);
});

test.run();
