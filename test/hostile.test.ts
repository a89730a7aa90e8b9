import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hostileCalls } from './support/hostile.ts';

test('240 calls with wrong values in any place: an answer or an error of this library', async () => {
  const { faults, outcomes } = await hostileCalls(240, 'short');
  assert.equal(faults, []);
  assert.ok(outcomes.refused > 150 && outcomes.answered > 10, JSON.stringify(outcomes));
});

test.run();
