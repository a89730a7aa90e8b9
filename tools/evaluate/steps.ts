/** Has the product listen to labelled recordings step by step, with every model that tells speech. */
import { readClip } from '../../src/convert/clip.ts';
import type { Engine } from '../../src/engine.ts';
import { gateLabel } from '../../src/models/model.ts';
import { areaUnderCurve, bordersOf, type Errors, errorsOf, sharesOf } from './borders.ts';
import { type ConditionName, conditions } from './conditions.ts';
import type { LabelledRecording } from './segments.ts';

export interface StepScore {
  /** Over all steps of all recordings; a step is speech if at least half of it is. */
  readonly area: number;
  /** The mean of the recordings' own areas, where both speech and pauses occur. */
  readonly meanArea: number;
  readonly onset: Errors;
  readonly end: Errors;
}

/** By condition and model key. */
export type StepReport = Record<string, Record<string, StepScore>>;

interface HeardSteps {
  readonly scores: readonly number[];
  readonly speech: readonly boolean[];
  readonly recording: LabelledRecording;
}

/** p(speech) of every whole step of a recording, by model key. */
export async function hearSteps(
  engine: Engine,
  data: Float32Array,
  sampleRate: number,
  volumeThreshold?: number,
): Promise<Record<string, number[]>> {
  const models = Object.values(engine.models).filter(({ labels }) => labels.includes(gateLabel));
  const { channels } = await engine.processAudioBytes({
    data,
    sampleRate,
    models,
    outputPeriod: 64,
    includeRawValues: true,
    volumeThreshold,
  });
  const series = channels[0].time_series;
  return Object.fromEntries(models.map(({ key }) => [key, series.map(({ raw }) => raw![key][gateLabel])]));
}

export async function judgeSteps(
  engine: Engine,
  recordings: readonly LabelledRecording[],
  names: readonly ConditionName[],
): Promise<StepReport> {
  const report: StepReport = {};
  for (const name of names) {
    const heard: Record<string, HeardSteps[]> = {};
    for (const recording of recordings) {
      const { data, sampleRate } = conditions[name].apply(await readClip(recording.path, Infinity), recording.file);
      const scores = await hearSteps(engine, data, sampleRate, conditions[name].volumeThreshold);
      for (const [model, own] of Object.entries(scores)) {
        const shares = sharesOf(spansOf(recording), own.length);
        heard[model] ??= [];
        heard[model].push({ scores: own, speech: shares.map((share) => share >= 0.5), recording });
      }
    }
    report[name] = Object.fromEntries(Object.entries(heard).map(([model, rows]) => [model, scoreOf(rows)]));
  }
  return report;
}

const spansOf = ({ segments }: LabelledRecording) => segments.filter(({ label }) => label === gateLabel);

function scoreOf(rows: readonly HeardSteps[]): StepScore {
  const areas = rows.map(({ scores, speech }) => areaUnderCurve(scores, speech)).filter((area) => !Number.isNaN(area));
  const borders = rows.map(({ scores, recording }) => bordersOf(scores, spansOf(recording)));
  return {
    area: areaUnderCurve(
      rows.flatMap(({ scores }) => scores),
      rows.flatMap(({ speech }) => speech),
    ),
    meanArea: areas.reduce((sum, area) => sum + area, 0) / areas.length,
    onset: errorsOf(borders.flatMap(({ onsets }) => onsets)),
    end: errorsOf(borders.flatMap(({ ends }) => ends)),
  };
}
