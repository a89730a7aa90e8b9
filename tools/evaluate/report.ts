/**
 * From what was heard to the figures of an accuracy report. The decisions that a score rests on are written in
 * evaluate.ts.
 */
import { balanced, type Confusion, confusionOf, recallOf } from '../../src/convert/recall.ts';
import type { Heard, Listening } from './hear.ts';
import { type ClassName, classes, type GenderName, genders } from './labels.ts';
import {
  type CalibrationBin,
  type Claim,
  calibrationBins,
  expectedCalibrationError,
  groupsAlike,
  type RiskPoint,
  riskCoverage,
} from './metrics.ts';
import { pitchBand, pitchBands } from './pitch.ts';

export interface Score {
  readonly balanced: number;
  readonly recall: Readonly<Record<string, number>>;
}

export interface TaskReport extends Score {
  readonly ece: number;
  /** The same with every class counting alike. */
  readonly eceBalanced: number;
  readonly clips: number;
  readonly confusion: Confusion;
  readonly corpora: readonly CorpusRow[];
  readonly calibration: readonly CalibrationBin[];
}

export interface CorpusRow {
  readonly corpus: string;
  readonly clips: number;
  readonly recall: Readonly<Record<string, number>>;
}

export interface GenderReport extends TaskReport {
  /** As a user sees it: no_speech, silence and unknown are no right answers. */
  readonly gated: Score & { readonly confusion: Confusion };
  readonly riskCoverage: readonly RiskPoint[];
  /** Recall by the talker's pitch, lowest first. */
  readonly pitch: readonly PitchRow[];
  /** The cut-off in the model file: what it leaves unanswered and what it saves. */
  readonly unknown: { readonly share: number; readonly errorsLeft: number };
}

export interface PitchRow {
  readonly band: string;
  readonly clips: number;
  readonly recall: Readonly<Record<string, number>>;
}

export interface ConditionReport {
  readonly speech: TaskReport;
  readonly gender: GenderReport | undefined;
  /** By length of the stretch, shortest first. */
  readonly lengths: readonly LengthRow[];
}

export interface LengthRow {
  readonly seconds: number;
  readonly speech: Score;
  readonly gender: Score | undefined;
}

export const coverages = [
  1, 0.99, 0.98, 0.97, 0.96, 0.95, 0.94, 0.92, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1,
];
const silenceIsOther = { other: ['silence'] };

export function reportOf({ heard, pitch }: Listening, seconds: number): Record<string, ConditionReport> {
  return Object.fromEntries(
    Object.entries(heard).map(([condition, byLength]) => {
      const whole = byLength[seconds];
      const lengths = Object.entries(byLength)
        .sort(([a], [b]) => Number(a) - Number(b))
        .map(([length, clips]) => ({
          seconds: Number(length),
          speech: speechScore(clips),
          gender: voicesOf(clips).length > 0 ? genderScore(clips) : undefined,
        }));
      return [condition, { speech: speechReport(whole), gender: genderReport(whole, pitch), lengths }];
    }),
  );
}

function speechScore(clips: readonly Heard[]): Score & { confusion: Confusion } {
  const confusion = confusionOf(
    clips.map(({ clip, speech }) => ({ truth: clip.class, answer: speech.result })),
    classes,
    ['silence'],
  );
  const recall = recallOf(confusion, silenceIsOther);
  return { balanced: balanced(recall), recall, confusion };
}

function speechReport(clips: readonly Heard[]): TaskReport {
  const claims = clips
    .filter(({ speech }) => speech.result !== 'silence')
    .map(({ clip, speech }) => ({ ...claimOf(speech.probabilities, clip.class), truth: clip.class as string }));
  return {
    ...speechScore(clips),
    ...calibration(claims),
    clips: clips.length,
    corpora: corpusRows(clips, speechScore),
  };
}

type Voice = Heard & { readonly clip: { readonly class: ClassName; readonly gender: GenderName } };

/** Clips whose gender can be scored: those that are speech, with a label. */
export function voicesOf(clips: readonly Heard[]): Voice[] {
  return clips.filter((heard): heard is Voice => heard.clip.class === 'speech' && heard.clip.gender !== undefined);
}

function genderScore(clips: readonly Heard[]): Score & { confusion: Confusion } {
  const answers = voicesOf(clips).map(({ clip, gender }) => ({
    truth: clip.gender,
    answer: winner(gender.probabilities),
  }));
  const confusion = confusionOf(answers, genders);
  const recall = recallOf(confusion);
  return { balanced: balanced(recall), recall, confusion };
}

function genderReport(clips: readonly Heard[], pitch: Listening['pitch']): GenderReport | undefined {
  const voices = voicesOf(clips);
  if (voices.length === 0) return undefined;
  const claims = voices.map(({ clip, gender }) => ({
    ...claimOf(gender.probabilities, clip.gender),
    truth: clip.gender as string,
  }));
  const gatedConfusion = confusionOf(
    voices.map(({ clip, gender }) => ({ truth: clip.gender, answer: gender.result })),
    genders,
    ['unknown', 'no_speech', 'silence'],
  );
  const gatedRecall = recallOf(gatedConfusion);
  return {
    ...genderScore(voices),
    ...calibration(claims),
    clips: voices.length,
    corpora: corpusRows(voices, genderScore),
    gated: { balanced: balanced(gatedRecall), recall: gatedRecall, confusion: gatedConfusion },
    riskCoverage: riskCoverage(claims, coverages),
    pitch: pitchRows(voices, pitch),
    unknown: unknownShare(voices, claims),
  };
}

function pitchRows(voices: readonly Voice[], pitch: Listening['pitch']): PitchRow[] {
  return pitchBands
    .map((band) => ({ band, own: voices.filter(({ clip }) => pitchBand(pitch.get(clip)) === band) }))
    .filter(({ own }) => own.length > 0)
    .map(({ band, own }) => ({ band, clips: own.length, recall: genderScore(own).recall }));
}

/** Only clips that passed the gate can be told unknown. */
function unknownShare(voices: readonly Voice[], claims: readonly Claim[]): GenderReport['unknown'] {
  const passed = voices
    .map((voice, i) => ({ result: voice.gender.result, right: claims[i].right }))
    .filter(({ result }) => result !== 'no_speech' && result !== 'silence');
  const wrong = passed.filter(({ right }) => !right);
  const left = wrong.filter(({ result }) => result !== 'unknown').length;
  return {
    share: passed.filter(({ result }) => result === 'unknown').length / Math.max(1, passed.length),
    errorsLeft: wrong.length === 0 ? 0 : left / wrong.length,
  };
}

function calibration(
  claims: readonly (Claim & { truth: string })[],
): Pick<TaskReport, 'ece' | 'eceBalanced' | 'calibration'> {
  const alike = groupsAlike(claims, (claim) => (claim as Claim & { truth: string }).truth);
  return {
    ece: expectedCalibrationError(claims),
    eceBalanced: expectedCalibrationError(alike),
    calibration: calibrationBins(claims),
  };
}

function corpusRows(clips: readonly Heard[], score: (clips: readonly Heard[]) => Score): CorpusRow[] {
  const names = [...new Set(clips.map(({ clip }) => clip.corpus))].sort();
  return names.map((corpus) => {
    const own = clips.filter(({ clip }) => clip.corpus === corpus);
    return { corpus, clips: own.length, recall: score(own).recall };
  });
}

function winner(probabilities: Readonly<Record<string, number>>): string {
  return Object.entries(probabilities).reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}

function claimOf(probabilities: Readonly<Record<string, number>>, truth: string): Claim {
  const answer = winner(probabilities);
  return { confidence: probabilities[answer], right: answer === truth };
}
