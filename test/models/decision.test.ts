import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decide, isSilent, possibleResults, round4, type Step, sortedByName } from '../../src/answers/decision.ts';
import type { ModelMetadata } from '../../src/models/model.ts';

const common = {
  version: 1,
  sampleRate: 16000,
  features: { kind: 'logmel', frame: 512, hop: 256, bands: 64 },
  framesPerStep: 4,
  receptiveField: 8,
  warmupWeights: [],
  training: '{}',
  conversion: '{}',
} as const;
const speech: ModelMetadata = {
  ...common,
  name: 'speech',
  labels: ['music', 'other', 'speech'],
  unknownCutoff: 0,
  gate: '',
};
const gender: ModelMetadata = {
  ...common,
  name: 'gender',
  labels: ['male', 'female'],
  unknownCutoff: 0.2,
  gate: 'speech',
};

function step(speechRow: number[], genderRow: number[] = [0.5, 0.5], silent = false, index = 0): Step {
  return { level: silent ? 0 : 0.1, silent, index, row: 0, probabilities: { speech: speechRow, gender: genderRow } };
}

test('the published example: shape, order of keys, rounding, and a margin of unrounded values', () => {
  const { results, raw } = decide(
    sortedByName([speech, gender]),
    [speech],
    [step([0.0172, 0.16863, 0.81417], [0.187243, 0.812757])],
  );
  assert.is(
    JSON.stringify({ results, raw }),
    '{"results":{"gender":{"result":"female","confidence":0.6255},"speech":{"result":"speech","confidence":0.8142}},' +
      '"raw":{"gender":{"male":0.1872,"female":0.8128},"speech":{"music":0.0172,"other":0.1686,"speech":0.8142}}}',
  );
});

test('speech is the mean over the steps that are not silent', () => {
  const { results } = decide(
    [speech],
    [speech],
    [step([0.2, 0.2, 0.6]), step([0, 0.4, 0.6]), step([1, 0, 0], [0.5, 0.5], true)],
  );
  assert.equal(results.speech, { result: 'speech', confidence: 0.6 });
});

test('a step of little weight counts little', () => {
  const warming = { ...speech, warmupWeights: [0.25] };
  const { raw } = decide([warming], [], [step([1, 0, 0]), step([0, 0, 1], undefined, false, 1)]);
  assert.equal(raw.speech, { music: 0.2, other: 0, speech: 0.8 });
});

test('a voice model counts a step of little weight little too', () => {
  const warming = { ...gender, warmupWeights: [0.25] };
  const { raw } = decide(
    [warming],
    [speech],
    [step([0.1, 0.1, 0.8], [0.9, 0.1]), step([0.5, 0.1, 0.4], [0.3, 0.7], false, 1)],
  );
  // Weights 0.25 x 0.8 and 1 x 0.4.
  assert.equal(raw.gender, { male: 0.5, female: 0.5 });
});

test('silence where every step is silent, with raw values all the same', () => {
  const { results, raw } = decide([gender, speech], [speech], [step([0.1, 0.8, 0.1], [0.3, 0.7], true)]);
  assert.equal(results, { gender: { result: 'silence', confidence: 1 }, speech: { result: 'silence', confidence: 1 } });
  assert.equal(raw.gender, { male: 0.3, female: 0.7 });
});

test('silence needs no probabilities', () => {
  const silentStep: Step = { level: 0, silent: true, index: 0, row: 0, probabilities: {} };
  assert.equal(decide([gender], [speech], [silentStep]), {
    results: { gender: { result: 'silence', confidence: 1 } },
    raw: {},
  });
});

test('a voice model is gated by speech: no_speech with 1 - p(speech), raw values given', () => {
  const { results, raw } = decide([gender], [speech], [step([0.5, 0.2088, 0.2912], [0.1211, 0.8789])]);
  assert.equal(results, { gender: { result: 'no_speech', confidence: 0.7088 } });
  assert.equal(raw, { gender: { male: 0.1211, female: 0.8789 } });
});

test('the gate is open where speech is the likeliest, however unlikely', () => {
  const verdict = (row: number[]) => decide([gender, speech], [speech], [step(row, [0.1, 0.9])]).results;
  assert.equal(verdict([0.3, 0.3, 0.4]).gender, { result: 'female', confidence: 0.8 });
  assert.equal(verdict([0.45, 0.1, 0.45]).gender, { result: 'no_speech', confidence: 0.55 });
  assert.equal(verdict([0.45, 0.1, 0.45]).speech, { result: 'music', confidence: 0.45 });
});

test('a voice model is the mean weighted by p(speech)', () => {
  const { raw } = decide([gender], [speech], [step([0.1, 0.1, 0.8], [0.9, 0.1]), step([0.5, 0.3, 0.2], [0, 1])]);
  assert.equal(raw.gender, { male: 0.72, female: 0.28 });
});

test('unknown below the cut-off, with its margin; at the cut-off the label', () => {
  const verdict = (male: number) => decide([gender], [speech], [step([0, 0, 1], [male, 1 - male])]).results.gender;
  assert.equal(verdict(0.55), { result: 'unknown', confidence: 0.1 });
  assert.equal(verdict(0.625), { result: 'male', confidence: 0.25 });
  // Numbers that are exact in binary: the margin is the cut-off to the last bit.
  const exact = { ...gender, unknownCutoff: 0.25 };
  const atCutoff = decide([exact], [speech], [step([0, 0, 1], [0.375, 0.625])]);
  assert.equal(atCutoff.results.gender, { result: 'female', confidence: 0.25 });
  const never = { ...gender, unknownCutoff: 0 };
  const even = decide([never], [speech], [step([0, 0, 1], [0.5, 0.5])]);
  assert.equal(even.results.gender, { result: 'male', confidence: 0 });
});

test('where p(speech) is 0 throughout, the voice mean is still a number', () => {
  const { raw } = decide([gender], [speech], [step([1, 0, 0], [0.4, 0.6])]);
  assert.equal(raw.gender, { male: 0.4, female: 0.6 });
});

test('a threshold of 0 never finds silence, 1 always, and a level at the threshold is heard', () => {
  assert.not(isSilent(0, 0));
  assert.ok(isSilent(1, 1));
  assert.not(isSilent(0.005, 0.005));
  assert.ok(isSilent(0.0049, 0.005));
});

test('four decimals', () => {
  assert.is(round4(0.81415), 0.8142);
  assert.is(round4(1 / 3), 0.3333);
});

test('each voice model has the gate that it names; the means of gates are weighed by nothing but their own first steps', () => {
  const fine: ModelMetadata = { ...speech, name: 'speech-rt' };
  const age: ModelMetadata = {
    ...gender,
    name: 'age',
    labels: ['child', 'adult'],
    unknownCutoff: 0,
    gate: 'speech-rt',
  };
  const heard = (talk: number, fineTalk: number, male: number): Step => ({
    ...step([0, 1 - talk, talk], [male, 1 - male]),
    probabilities: {
      speech: [0, 1 - talk, talk],
      'speech-rt': [0, 1 - fineTalk, fineTalk],
      gender: [male, 1 - male],
      age: [male, 1 - male],
    },
  });
  const run = [heard(0.9, 0.1, 0.9), heard(0.3, 0.5, 0.1)];
  const { results, raw } = decide([age, gender, fine], [speech, fine], run);
  assert.equal(results.age, { result: 'no_speech', confidence: 0.7 });
  assert.equal(raw.age, { child: round4((0.1 * 0.9 + 0.5 * 0.1) / 0.6), adult: round4((0.1 * 0.1 + 0.5 * 0.9) / 0.6) });
  assert.is(results.gender.result, 'male');
  assert.equal(raw.gender, { male: 0.7, female: 0.3 });
  assert.equal(results['speech-rt'], { result: 'other', confidence: 0.7 });
});

test('every result a model can give', () => {
  assert.equal(possibleResults(gender), ['male', 'female', 'no_speech', 'unknown', 'silence']);
  assert.equal(possibleResults(speech), ['music', 'other', 'speech', 'silence']);
});

test('raw values are left out where they were not asked for', () => {
  const run = [step([0, 0.1, 0.9], [0.2, 0.8])];
  const { results, raw } = decide([gender, speech], [speech], run, false);
  assert.equal(results, decide([gender, speech], [speech], run).results);
  assert.equal(raw, {});
});

test.run();
