/** One second of audio to its JSON, both models, raw values: against Meyda and onnxruntime-node wired up by hand. */
import { ByHand, ortLabel } from './support/by-hand.ts';
import { type BenchDevice, type Context, mustAnswerAlike } from './support/context.ts';
import type { Row } from './support/row.ts';
import { median, race, speedup } from './support/timing.ts';

export async function endToEndRows(context: Context): Promise<Row[]> {
  const pcm = await context.voice(1);
  const peer = await ByHand.open(context.settings.onnx);
  const decisions = await context.decisions();
  const byHand = (): Promise<string> => peer.analyze(pcm, decisions);
  const rows: Row[] = [];
  for (const device of await context.devices()) {
    const own = (): Promise<string> => toJson(device, pcm);
    mustAnswerAlike(`end to end on ${device.name}`, await own(), await byHand());
    if (!device.timed) continue;
    const times = await race(`end to end on ${device.name}`, { undertone: own, byHand }, context.pace);
    rows.push({
      name: 'e2e-vs-meyda-ort',
      value: speedup(times, 'undertone', 'byHand'),
      unit: 'times',
      device: device.name,
    });
    rows.push({ name: 'e2e-1s-ms', value: 1e3 * median(times.undertone), unit: 'ms', device: device.name });
    rows.push({
      name: 'peer-e2e-1s-ms',
      value: 1e3 * median(times.byHand),
      unit: 'ms',
      device: `meyda and ${ortLabel}`,
    });
  }
  return rows;
}

/** Without silence, which the peer does not know. */
export async function toJson({ engine }: BenchDevice, data: Int16Array): Promise<string> {
  return JSON.stringify(
    await engine.processAudioChunk({
      data,
      models: [engine.models.Speech, engine.models.Gender],
      includeRawValues: true,
      volumeThreshold: 0,
    }),
  );
}
