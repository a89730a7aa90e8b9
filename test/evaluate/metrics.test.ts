import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { balanced, confusionOf, recallOf } from '../../src/convert/recall.ts';
import { calibrationBins, expectedCalibrationError, groupsAlike, riskCoverage } from '../../tools/evaluate/metrics.ts';

const near = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test('confusion, recall and their mean, counted by hand', () => {
  const answers = [
    ...Array.from({ length: 8 }, () => ({ truth: 'speech', answer: 'speech' })),
    { truth: 'speech', answer: 'music' },
    { truth: 'speech', answer: 'silence' },
    { truth: 'music', answer: 'music' },
    { truth: 'other', answer: 'silence' },
    { truth: 'other', answer: 'speech' },
  ];
  const confusion = confusionOf(answers, ['speech', 'music', 'other'], ['silence']);
  assert.equal(confusion.speech, { speech: 8, music: 1, other: 0, silence: 1 });
  const recall = recallOf(confusion, { other: ['silence'] });
  assert.equal(recall, { speech: 0.8, music: 1, other: 0.5 });
  near(balanced(recall), (0.8 + 1 + 0.5) / 3);
  assert.equal(recallOf(confusion).other, 0);
});

test('a class without clips has no recall and does not pull the mean', () => {
  const recall = recallOf(confusionOf([{ truth: 'male', answer: 'male' }], ['male', 'female']));
  assert.equal(recall, { male: 1 });
  assert.is(balanced(recall), 1);
});

test('expected calibration error: 0 where claims are met, the gap where they are not', () => {
  const met = Array.from({ length: 10 }, (_, i) => ({ confidence: 0.8, right: i < 8 }));
  near(expectedCalibrationError(met), 0);
  const boastful = Array.from({ length: 10 }, (_, i) => ({ confidence: 0.99, right: i < 5 }));
  near(expectedCalibrationError(boastful), 0.49);
  near(expectedCalibrationError([...met, ...boastful]), 0.245);
  assert.is(calibrationBins([{ confidence: 1, right: true }]).length, 1);
});

test('classes that count alike: one clip of a rare class weighs as much as ten of a common one', () => {
  const common = Array.from({ length: 10 }, () => ({ confidence: 0.95, right: true, truth: 'a' }));
  const rare = [{ confidence: 0.95, right: false, truth: 'b' }];
  near(
    expectedCalibrationError(groupsAlike([...common, ...rare], (claim) => (claim as (typeof common)[0]).truth)),
    0.45,
  );
});

test('risk and coverage: the least confident go first', () => {
  const claims = [0.9, 0.8, 0.7, 0.6, 0.55, 0.95, 0.85, 0.75, 0.65, 0.5].map((confidence) => ({
    confidence,
    right: confidence > 0.58,
  }));
  const [all, most] = riskCoverage(claims, [1, 0.8]);
  near(all.risk, 0.2);
  assert.is(all.errorsLeft, 1);
  assert.is(most.risk, 0);
  assert.is(most.errorsLeft, 0);
  near(most.cutoff, 0.6);
});

test.run();
