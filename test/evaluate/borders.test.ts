import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { areaUnderCurve, bordersOf, errorsOf, sharesOf } from '../../tools/evaluate/borders.ts';

test('the area is the share of pairs in the right order, ties counting half', () => {
  const scores = [0.1, 0.4, 0.4, 0.8, 0.35, 0.9];
  const speech = [false, false, true, true, true, false];
  const pairs = [0, 1, 5].flatMap((no) => [2, 3, 4].map((yes) => Math.sign(scores[yes] - scores[no]) / 2 + 0.5));
  assert.is(areaUnderCurve(scores, speech), pairs.reduce((sum, pair) => sum + pair) / 9);
  assert.is(areaUnderCurve([1, 2, 3], [false, true, true]), 1);
  assert.is(areaUnderCurve([1, 1, 1, 1], [false, true, true, false]), 0.5);
  assert.ok(Number.isNaN(areaUnderCurve([1, 2], [true, true])));
});

test('shares of steps, at borders and beyond the last step', () => {
  const shares = sharesOf(
    [
      { start: 0.032, end: 0.16 },
      { start: 0.25, end: 9 },
    ],
    5,
  );
  const expected = [0.5, 1, 0.5, (0.256 - 0.25) / 0.064, 1];
  shares.forEach((share, i) => assert.ok(Math.abs(share - expected[i]) < 1e-9, `${i}: ${share}`));
});

test('borders: from where speech begins or ends until the step is over that first says so', () => {
  const scores = [0, 0, 0, 0.9, 0.9, 0.6, 0.4, 0, 0, 0, 0.1, 0];
  const spans = [
    { start: 0.15, end: 0.36 },
    { start: 0.64, end: 0.7 },
  ];
  const { onsets, ends } = bordersOf(scores, spans);
  assert.is(Math.round(onsets[0]!), 256 - 150);
  assert.is(Math.round(ends[0]!), 448 - 360);
  assert.is(onsets[1], undefined);
  assert.is(Math.round(ends[1]!), 704 - 700);
  assert.is(Math.round(bordersOf(scores, spans, 0.3).ends[0]!), 512 - 360);
});

test('an onset that is told a step early counts, one told long before does not', () => {
  const span = { start: 0.33, end: 0.6 };
  assert.is(Math.round(bordersOf([0, 0, 0, 0, 1, 1, 1, 1, 1, 0], [span]).onsets[0]!), 320 - 330);
  assert.is(Math.round(bordersOf([1, 0, 0, 0, 0, 0, 1, 1, 1, 0], [span]).onsets[0]!), 448 - 330);
});

test('errors: median, 90th percentile, share that was found', () => {
  const errors = errorsOf([5, undefined, 1, 2, 3, 4, 6, 7, 8, 9, 100, undefined]);
  assert.equal(errors, { median: 6, ninety: 100, found: 10 / 12 });
});

test.run();
