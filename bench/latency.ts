/** How long one call takes, by length of the chunk: the middle and the slowest of a hundred. */
import { toJson } from './end-to-end.ts';
import type { Context } from './support/context.ts';
import type { Row } from './support/row.ts';
import { latencies, quantile } from './support/timing.ts';

const lengths = [0.25, 0.5, 1, 2, 3, 10];

export async function latencyRows(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  for (const device of await context.timedDevices()) {
    for (const seconds of context.quick ? [1] : lengths) {
      const pcm = await context.voice(seconds);
      const taken = await latencies(() => toJson(device, pcm), { calls: context.quick ? 50 : 500, warmup: 30 });
      rows.push({
        name: `chunk-${seconds}s-p50-ms`,
        value: 1e3 * quantile(taken, 0.5),
        unit: 'ms',
        device: device.name,
      });
      rows.push({
        name: `chunk-${seconds}s-p99-ms`,
        value: 1e3 * quantile(taken, 0.99),
        unit: 'ms',
        device: device.name,
      });
    }
  }
  return rows;
}
