import { type FileReport, type ReportFormat, runsOf, speechFirst } from './report.ts';

/**
 * WebVTT: a cue a stretch in which no answer changes, of every model and channel; where all is silent there is none.
 * https://www.w3.org/TR/webvtt1/
 */
export function toWebVtt(report: FileReport): string {
  const tracks = speechFirst([...runsOf(report)], ({ model }) => model);
  const several = Object.keys(report.channels).length > 1;
  const bounds = new Set(tracks.flatMap(({ runs }) => runs.flatMap((run) => [run.timestamp_start, run.timestamp_end])));
  const times = [...bounds].sort((a, b) => a - b);
  const at = tracks.map(() => 0);
  const cues = times.slice(0, -1).flatMap((start, i) => {
    const said = tracks.flatMap(({ channel, runs }, track) => {
      while (runs[at[track]] && runs[at[track]].timestamp_end <= start) at[track]++;
      const run = runs[at[track]];
      if (!run || run.timestamp_start > start || unsaid.has(run.result)) return [];
      const words = run.result.replaceAll('_', ' ');
      return [several ? `<v channel ${channel}>${words}</v>` : words];
    });
    return said.length > 0
      ? [`${clockOf(start)} --> ${clockOf(times[i + 1])}\n${[...new Set(said)].join('\n')}\n`]
      : [];
  });
  return ['WEBVTT\n', ...cues].join('\n');
}

/** `no_speech` only repeats what Speech says. */
const unsaid = new Set(['silence', 'no_speech']);

function clockOf(ms: number): string {
  const pad = (value: number, length = 2) => String(value).padStart(length, '0');
  const [hours, minutes, seconds] = [
    Math.floor(ms / 3_600_000),
    Math.floor(ms / 60_000) % 60,
    Math.floor(ms / 1000) % 60,
  ];
  return `${pad(hours)}:${pad(minutes)}:${pad(seconds)}.${pad(ms % 1000, 3)}`;
}

export const format: ReportFormat = { extension: 'vtt', needs: { transitions: true }, joins: false, write: toWebVtt };
