/** A report with everything in it: two channels, all results, raw values, a last partial period, an awkward name. */
import type { ChannelReport, FileReport, Run } from '../../src/reports/report.ts';

const plan: readonly (readonly [speech: string, gender: string])[] = [
  ['silence', 'silence'],
  ['speech', 'female'],
  ['speech', 'female'],
  ['speech', 'unknown'],
  ['music', 'no_speech'],
  ['speech', 'male'],
];

export function sampleReport(): FileReport {
  return { file: 'calls/a "quoted", name.wav', seconds: 5.5, period: 1024, channels: { 0: channel(0), 1: channel(4) } };
}

/** The plan, begun somewhere else for each channel. */
function channel(shift: number): ChannelReport {
  const periods = plan.map((_, i) => plan[(i + shift) % plan.length]);
  const time_series = periods.map(([speech, gender], i) => ({
    timestamp: i * 1024,
    results: {
      gender: { result: gender, confidence: confidence(i, gender) },
      speech: { result: speech, confidence: confidence(i, speech) },
    },
    raw: { gender: { male: 0.25, female: 0.75 }, speech: { music: 0.1, other: 0.2, speech: 0.7 } },
  }));
  const runs = (column: 0 | 1): Run[] =>
    periods.reduce<Run[]>((all, period, i) => {
      const [start, end] = [i * 1024, Math.min((i + 1) * 1024, 5440)];
      const last = all.at(-1);
      if (last?.result === period[column]) return [...all.slice(0, -1), { ...last, timestamp_end: end }];
      return [
        ...all,
        {
          timestamp_start: start,
          timestamp_end: end,
          result: period[column],
          confidence: confidence(i, period[column]),
        },
      ];
    }, []);
  return {
    time_series,
    summary: {
      gender: {
        male_fraction: 0.1647,
        female_fraction: 0.3765,
        no_speech_fraction: 0.1882,
        unknown_fraction: 0.0824,
        silence_fraction: 0.1882,
      },
      speech: { music_fraction: 0.1882, other_fraction: 0, speech_fraction: 0.6236, silence_fraction: 0.1882 },
    },
    transitions: { gender: runs(1), speech: runs(0) },
  };
}

function confidence(i: number, result: string): number {
  return result === 'silence' ? 1 : Math.round((0.6 + 0.05 * i) * 1e4) / 1e4;
}
