/**
 * A small set made by ourselves, through the engine: synthetic voices (fixtures/voices), music and noises played by formula,
 * each clean, in noise, quiet and over a telephone. Not a measure of accuracy, which only recordings give; it is here so that a
 * retrained model or a change in the engine that breaks one of them is seen at once.
 *
 * The floors are what the shipped weights reach, less some slack; raise them with better weights.
 */
import { readdir } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readClip } from '../../src/convert/clip.ts';
import { Engine } from '../../src/index.ts';
import { type ConditionName, conditionNames, conditions } from '../../tools/evaluate/conditions.ts';
import { pieces } from './music.ts';
import { brownNoise, clicks, hum, mixed, pinkNoise, type Signal, scaled, sine, sweep, whiteNoise } from './signals.ts';

interface Clip {
  readonly name: string;
  readonly class: 'speech' | 'music' | 'other';
  readonly gender?: 'male' | 'female';
  readonly samples: Float32Array;
}

const folder = new URL('../fixtures/voices/', import.meta.url);

async function voices(): Promise<Clip[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.flac')).sort();
  return Promise.all(
    files.map(async (file) => {
      const [said] = file.split('-') as ['male' | 'female' | 'speech'];
      return {
        name: file,
        class: 'speech' as const,
        samples: await readClip(new URL(file, folder).pathname, 3),
        ...(said === 'speech' ? {} : { gender: said }),
      };
    }),
  );
}

const noises: Record<string, Signal> = {
  'white noise': whiteNoise(0.1),
  'pink noise': pinkNoise(0.1),
  'brown noise': brownNoise(0.1),
  'mains hum': hum(50, 0.2),
  'a fan': mixed(brownNoise(0.05), hum(120, 0.05)),
  'a clock': mixed(clicks(2, 0.5, 0.004), pinkNoise(0.005)),
  rain: mixed(whiteNoise(0.05), clicks(31, 0.4, 0.001)),
  'a siren': (seconds) =>
    Float32Array.from([...sweep(600, 1400, 0.3, true)(seconds / 2), ...sweep(1400, 600, 0.3, true)(seconds / 2)]),
  'an alarm': (seconds) => sine(2900, 0.3)(seconds).map((sample, i) => (i % 8000 < 4000 ? sample : 0)),
};

const made = (signals: Readonly<Record<string, Signal>>, label: 'music' | 'other'): Clip[] =>
  Object.entries(signals).map(([name, signal]) => ({ name, class: label, samples: signal(3) }));

const clips: Clip[] = [...(await voices()), ...made(pieces, 'music'), ...made(noises, 'other')];
const engine = await Engine.create({ device: 'cpu' });

interface Floors {
  readonly speech: number;
  readonly music: number;
  readonly other: number;
  readonly gender: number;
}

/** Shares that are right at 3 s. */
const floors: Readonly<Record<ConditionName, Floors>> = {
  clean: { speech: 1, music: 0.8, other: 0.9, gender: 1 },
  noise10: { speech: 0.9, music: 0.8, other: 0.9, gender: 0.9 },
  quiet30: { speech: 0.9, music: 0.8, other: 0.9, gender: 0.9 },
  tel8k: { speech: 0.9, music: 0.8, other: 0.9, gender: 0.9 },
};

async function hear({ name, samples }: Clip, condition: ConditionName, seconds: number) {
  const { data, sampleRate } = conditions[condition].apply(samples, name);
  return engine.processAudioChunk({
    data: data.subarray(0, seconds * sampleRate),
    sampleRate,
    models: [engine.models.Speech, engine.models.Gender],
    includeRawValues: true,
    volumeThreshold: conditions[condition].volumeThreshold,
  });
}

for (const condition of conditionNames) {
  test(`${condition}: classes and gender of the set`, async () => {
    const wrong: string[] = [];
    const right: Record<string, boolean[]> = { speech: [], music: [], other: [], gender: [] };
    await Promise.all(
      clips.map(async (clip) => {
        const { results, raw } = await hear(clip, condition, 3);
        const classRight = results.speech.result === clip.class;
        right[clip.class].push(classRight);
        const larger = raw!.gender.male > raw!.gender.female ? 'male' : 'female';
        if (clip.gender) right.gender.push(larger === clip.gender);
        if (!classRight || (clip.gender && larger !== clip.gender))
          wrong.push(`${clip.name}: ${results.speech.result} ${JSON.stringify(raw)}`);
      }),
    );
    for (const [what, floor] of Object.entries(floors[condition])) {
      const share = right[what].filter(Boolean).length / right[what].length;
      assert.ok(share >= floor, `${what}: ${share.toFixed(2)} right, less than ${floor}\n${wrong.join('\n')}`);
    }
    if (process.env.UNDERTONE_VERBOSE)
      console.log(
        condition,
        Object.fromEntries(
          Object.entries(right).map(([what, list]) => [what, list.filter(Boolean).length / list.length]),
        ),
        wrong,
      );
  });
}

test('one second is enough for a voice', async () => {
  const spoken = clips.filter((clip) => clip.class === 'speech');
  const outputs = await Promise.all(spoken.map((clip) => hear(clip, 'clean', 1)));
  const missed = spoken.filter((_, i) => outputs[i].results.speech.result !== 'speech');
  assert.ok(missed.length <= 1, missed.map(({ name }) => name).join(', '));
});

test('a voice under music and a voice in a crowd of noise keep their gender', async () => {
  const wrong: string[] = [];
  for (const clip of clips.filter(({ gender }) => gender)) {
    const under = scaled(pieces['string chords'], 0.2)(3);
    const { raw } = await hear({ ...clip, samples: clip.samples.map((sample, i) => sample + under[i]) }, 'clean', 3);
    const larger = raw!.gender.male > raw!.gender.female ? 'male' : 'female';
    if (larger !== clip.gender) wrong.push(clip.name);
  }
  assert.ok(wrong.length <= 1, wrong.join(', '));
});

test.after(() => engine.dispose());
test.run();
