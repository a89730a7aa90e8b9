/** A part of a recording, and its answers at the times of the whole. */
import type { ChannelReport, TimeSeriesOutput } from '../answers/series.ts';
import type { AudioBlock } from '../audio/decoder.ts';
import { stepMilliseconds } from '../audio/format.ts';

/** Where the part begins in ms: on the grid of steps, at or before `start` seconds. */
export function beginning(start: number): number {
  return Math.floor((start * 1000) / stepMilliseconds + 1e-9) * stepMilliseconds;
}

/**
 * What lies between two times; reads no further than the later one. `start` in ms, `end` in seconds, Infinity for all.
 */
export async function* partOf(
  blocks: AsyncIterable<AudioBlock>,
  start: number,
  end: number,
): AsyncGenerator<AudioBlock, void> {
  let read = 0;
  for await (const block of blocks) {
    const { channels, sampleRate } = block;
    const { length } = channels[0];
    const from = Math.max(0, Math.round((start * sampleRate) / 1000) - read);
    const to = Math.min(length, end === Infinity ? length : Math.round(end * sampleRate) - read);
    read += length;
    if (from === 0 && to === length) yield block;
    else if (from < to) yield { ...block, channels: channels.map((samples) => samples.subarray(from, to)) };
    if (end !== Infinity && read >= Math.round(end * sampleRate)) return;
  }
}

/** The output with all its times so many ms later. */
export function shifted(output: TimeSeriesOutput, by: number): TimeSeriesOutput {
  if (by === 0) return output;
  const channels = Object.entries(output.channels).map(([name, { time_series, transitions, ...rest }]) => {
    const later: ChannelReport = {
      time_series: time_series.map((period) => ({ ...period, timestamp: period.timestamp + by })),
      ...rest,
      ...(transitions && {
        transitions: Object.fromEntries(
          Object.entries(transitions).map(([model, runs]) => [
            model,
            runs.map((run) => ({
              ...run,
              timestamp_start: run.timestamp_start + by,
              timestamp_end: run.timestamp_end + by,
            })),
          ]),
        ),
      }),
    };
    return [name, later] as const;
  });
  return { ...output, channels: Object.fromEntries(channels) };
}
