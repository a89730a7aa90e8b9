import { type FileReport, type ReportFormat, runsOf } from './report.ts';

/**
 * An Audacity label track: start, end (seconds) and label, separated by tabs. Where there are several models or
 * channels their names stand in front of the label, as one label file is one track.
 * https://manual.audacityteam.org/man/importing_and_exporting_labels.html
 */
export function toAudacityLabels(report: FileReport): string {
  const all = [...runsOf(report)];
  const several = {
    channels: Object.keys(report.channels).length > 1,
    models: new Set(all.map(({ model }) => model)).size > 1,
  };
  return all
    .flatMap(({ channel, model, runs }) => {
      const prefix = [several.channels ? `channel ${channel}` : '', several.models ? model : '']
        .filter(Boolean)
        .join(' ');
      return runs.map(({ timestamp_start, timestamp_end, result }) => ({
        start: timestamp_start,
        end: timestamp_end,
        label: prefix ? `${prefix}: ${result}` : result,
      }));
    })
    .sort((a, b) => a.start - b.start)
    .map(({ start, end, label }) => `${(start / 1000).toFixed(6)}\t${(end / 1000).toFixed(6)}\t${label}\n`)
    .join('');
}

export const format: ReportFormat = {
  extension: 'txt',
  needs: { transitions: true },
  joins: false,
  write: toAudacityLabels,
};
