import { fileStem } from '../platform/paths.ts';
import { type FileReport, isVoiceModel, type ReportFormat, runsOf } from './report.ts';

/** Results that say nobody speaks; RTTM lists who speaks, so these stay out. */
const notSpeech = new Set(['silence', 'no_speech', 'music', 'other']);

/**
 * NIST's RTTM, one SPEAKER line a stretch of speech: type, file, channel (from 1 on), start and length in seconds, and
 * the name and confidence in their places. The name is the voice model's label; where no voice model was asked for,
 * `speech`, by SpeechRT if it was asked for: it knows the borders better.
 * https://catalog.ldc.upenn.edu/docs/LDC2004T12/RTTM-format-v13.pdf
 */
export function toRttm(report: FileReport): string {
  const file = fileStem(report.file).replace(/\s+/g, '_');
  const all = [...runsOf(report)];
  const voices = all.filter(({ model }) => isVoiceModel(model));
  const fine = all.filter(({ model }) => model === 'speech-rt');
  return ([voices, fine].find((runs) => runs.length > 0) ?? all)
    .flatMap(({ channel, runs }) =>
      runs
        .filter(({ result }) => !notSpeech.has(result))
        .map(({ timestamp_start, timestamp_end, result, confidence }) => {
          const [start, length] = [timestamp_start, timestamp_end - timestamp_start].map((ms) =>
            (ms / 1000).toFixed(3),
          );
          return `SPEAKER ${file} ${Number(channel) + 1} ${start} ${length} <NA> <NA> ${result} ${confidence} <NA>\n`;
        }),
    )
    .join('');
}

export const format: ReportFormat = { extension: 'rttm', needs: { transitions: true }, joins: true, write: toRttm };
