import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHalf, toHalf } from '../../src/graph/half.ts';
import { seeded } from '../support/random.ts';

test('half precision: every number that has one comes back, others are rounded to the nearest', () => {
  for (let half = 0; half < 0x7c00; half++) assert.is(toHalf(fromHalf(half)), half);
  const random = seeded('half');
  for (let i = 0; i < 2000; i++) {
    const value = Math.fround(random.normal() * 2 ** (random.below(40) - 28));
    const half = toHalf(value);
    for (const neighbour of [half - 1, half + 1]) {
      if ((half & 0x7fff) === 0) continue;
      assert.ok(Math.abs(fromHalf(half) - value) <= Math.abs(fromHalf(neighbour) - value), `${value}`);
    }
  }
  assert.is(fromHalf(toHalf(-1e6)), -Infinity);
  assert.ok(Number.isNaN(fromHalf(toHalf(NaN))));
});

test.run();
