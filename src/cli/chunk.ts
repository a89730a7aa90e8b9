/** `undertone chunk`: one answer for a file. */
import { decodeFile } from '../audio/decode.ts';
import type { ChunkOutput } from '../engine.ts';
import { clock, speechFirst } from '../reports/report.ts';
import { table } from '../reports/table.ts';
import { exitCodes, UsageError } from './errors.ts';
import { type CommonOptions, withEngine } from './options.ts';
import { bar, paint, stdoutStyle } from './style.ts';

export interface ChunkCommandOptions extends CommonOptions {
  readonly start?: number;
  readonly end?: number;
  readonly json?: boolean;
}

export async function chunk(file: string, options: ChunkCommandOptions): Promise<number> {
  const { start = 0, end = Infinity, raw = false, json = false } = options;
  if (end <= start) throw new UsageError(`--end ${end} must be later than --start ${start}`);
  return withEngine(options, async (engine) => {
    const { data, sampleRate } = await readPart(file, start, end, options.channel);
    const output = await engine.processAudioChunk({
      data,
      sampleRate,
      models: options.models,
      includeRawValues: raw,
      volumeThreshold: options.volumeThreshold,
    });
    if (json) {
      process.stdout.write(`${JSON.stringify(output, null, 2)}\n`);
    } else {
      const { backend, adapter } = engine.device;
      const length = clock(data.length / sampleRate, 1);
      process.stdout.write(
        `${stdoutStyle.bold(file)}${start > 0 ? ` from ${clock(start, 1)}` : ''}, ${length}\n\n${answers(output)}\n${stdoutStyle.dim(`${backend}: ${adapter}`)}\n`,
      );
    }
    return exitCodes.done;
  });
}

/** One channel of a file between two times in seconds. */
async function readPart(
  file: string,
  start: number,
  end: number,
  channel: number | undefined,
): Promise<{ data: Float32Array; sampleRate: number }> {
  const parts: Float32Array[] = [];
  let rate = 0;
  let heard = 0;
  for await (const { channels, sampleRate } of decodeFile(file)) {
    if (channel === undefined && channels.length > 1)
      throw new UsageError(
        `${file} has ${channels.length} channels: name one with --channel, 0 to ${channels.length - 1}`,
      );
    const samples = channels[channel ?? 0];
    if (!samples)
      throw new UsageError(
        `--channel ${channel}: ${file} has ${channels.length} channel${channels.length > 1 ? `s, 0 to ${channels.length - 1}` : ', 0'}`,
      );
    rate = sampleRate;
    const [from, to] = [
      Math.round(start * rate) - heard,
      end === Infinity ? samples.length : Math.round(end * rate) - heard,
    ];
    heard += samples.length;
    if (to > 0 && from < samples.length) parts.push(samples.slice(Math.max(0, from), Math.max(0, to)));
    if (to <= samples.length && end !== Infinity) break;
  }
  if (start > 0 && parts.length === 0)
    throw new UsageError(`--start ${start}: ${file} is only ${(heard / rate).toFixed(1)} s long`);
  const data = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((at, part) => (data.set(part, at), at + part.length), 0);
  return { data, sampleRate: rate };
}

/** A row a model; with raw values one more for each of its classes. */
function answers({ results, raw }: ChunkOutput): string {
  const rows = speechFirst(Object.entries(results), ([model]) => model).flatMap(([model, { result, confidence }]) => [
    [model, paint(result), confidence.toFixed(4), bar(confidence)],
    ...Object.entries(raw?.[model] ?? {}).map(([label, value]) => [
      '',
      stdoutStyle.dim(`  ${label}`),
      stdoutStyle.dim(value.toFixed(4)),
      stdoutStyle.dim(bar(value)),
    ]),
  ]);
  return table(
    [{ title: 'model' }, { title: 'heard' }, { title: 'confidence', align: 'right' }, { title: '' }],
    rows,
    stdoutStyle.dim,
  );
}
