/** Has the product listen to every clip, under every condition and at every length. */
import { readClip } from '../../src/convert/clip.ts';
import type { ChunkOutput, Engine } from '../../src/engine.ts';
import { InputTooShortError } from '../../src/errors.ts';
import { type ConditionName, conditions, rms } from './conditions.ts';
import type { LabelledClip } from './labels.ts';
import { medianPitch } from './pitch.ts';

/** What the engine said of one clip. Probabilities are those of the whole stretch, also where the answer was gated. */
export interface Heard {
  readonly clip: LabelledClip;
  readonly speech: { readonly result: string; readonly probabilities: Readonly<Record<string, number>> };
  readonly gender: { readonly result: string; readonly probabilities: Readonly<Record<string, number>> };
}

export interface ListeningPlan {
  readonly conditions: readonly ConditionName[];
  /** A clip is its first `seconds`. */
  readonly seconds: number;
  /** Shorter stretches of it that are judged too. */
  readonly lengths: readonly number[];
  /** Which stretch of a clip stands for a shorter length: its beginning, or where it is loudest. */
  readonly window: 'first' | 'loudest';
}

export interface Listening {
  /** heard[condition][length in seconds]. */
  readonly heard: Record<string, Record<string, Heard[]>>;
  /** Median pitch of the talker's clips in Hz, as they were recorded; undefined where there is none. */
  readonly pitch: ReadonlyMap<LabelledClip, number | undefined>;
  /** Clips without a whole step of 64 ms: not judged. */
  readonly tooShort: LabelledClip[];
}

/** So many clips are under way at once that the engine can fill its batches. */
const concurrency = 96;

export async function listen(
  engine: Engine,
  clips: readonly LabelledClip[],
  plan: ListeningPlan,
  done: () => void = () => {},
): Promise<Listening> {
  const lengths = [...new Set([...plan.lengths.filter((length) => length < plan.seconds), plan.seconds])];
  const heard: Listening['heard'] = {};
  // Slots by position, so that the order is that of the list however the work went.
  for (const condition of plan.conditions) {
    heard[condition] = {};
    for (const length of lengths) heard[condition][length] = new Array<Heard>(clips.length);
  }
  const tooShort: LabelledClip[] = [];
  const pitch = new Map<LabelledClip, number | undefined>();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < clips.length; i = next++) {
      const clip = clips[i];
      const samples = await readClip(clip.path, plan.seconds);
      if (clip.gender !== undefined)
        pitch.set(clip, medianPitch(samples.subarray(0, Math.round(plan.seconds * 16000))));
      try {
        for (const condition of plan.conditions) {
          for (const length of lengths)
            heard[condition][length][i] = await hearOne(engine, clip, samples, condition, length, plan);
        }
      } catch (error) {
        if (!(error instanceof InputTooShortError)) throw error;
        tooShort.push(clip);
      }
      done();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  for (const byLength of Object.values(heard))
    for (const length of lengths) byLength[length] = byLength[length].filter(Boolean);
  return { heard, pitch, tooShort };
}

async function hearOne(
  engine: Engine,
  clip: LabelledClip,
  samples: Float32Array,
  name: ConditionName,
  length: number,
  plan: ListeningPlan,
): Promise<Heard> {
  const { volumeThreshold, apply } = conditions[name];
  const { data, sampleRate } = apply(samples, clip.file);
  const start = length < plan.seconds && plan.window === 'loudest' ? loudestStart(samples, length) : 0;
  const stretch = data.subarray(Math.round(start * sampleRate), Math.round((start + length) * sampleRate));
  const output = await engine.processAudioChunk({
    data: stretch,
    sampleRate,
    models: [engine.models.Speech, engine.models.Gender],
    includeRawValues: true,
    volumeThreshold,
  });
  return { clip, speech: answerOf(output, 'speech'), gender: answerOf(output, 'gender') };
}

function answerOf({ results, raw }: ChunkOutput, model: string): Heard['speech'] {
  return { result: results[model].result, probabilities: raw![model] };
}

/** Start in seconds, on the 64 ms grid, of the stretch with most energy. */
function loudestStart(samples: Float32Array, length: number): number {
  const count = Math.round(length * 16000);
  let best = 0;
  let loudest = -1;
  for (let start = 0; start + count <= samples.length; start += 1024) {
    const level = rms(samples.subarray(start, start + count));
    if (level > loudest) [best, loudest] = [start, level];
  }
  return best / 16000;
}
