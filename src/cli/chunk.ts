/** `undertone chunk`: one answer for each file. */
import { buffer } from 'node:stream/consumers';
import { type DecodeOptions, decodeFile } from '../audio/decode.ts';
import { floatsOf, mixed as meanOf } from '../audio/samples.ts';
import type { ChunkOutput, Engine } from '../engine.ts';
import { clock, speechFirst } from '../reports/report.ts';
import { table } from '../reports/table.ts';
import { exitCodes, messageOf, UsageError } from './errors.ts';
import { type CommonOptions, withEngine } from './options.ts';
import { bar, paint, printable, stderrStyle, stdoutStyle } from './style.ts';

export interface ChunkCommandOptions extends CommonOptions {
  readonly start?: number;
  readonly end?: number;
  readonly partial?: boolean;
  readonly json?: boolean;
}

const standardInput = '-';

export async function chunk(files: readonly string[], options: ChunkCommandOptions): Promise<number> {
  const { start = 0, end = Infinity } = options;
  if (end <= start) throw new UsageError(`--end ${end} must be later than --start ${start}`);
  if (files.filter((file) => file === standardInput).length > 1)
    throw new UsageError('- stands for standard input, which can be read once');
  return withEngine(options, async (engine) => {
    // One file that fails is the command's own error; of several the others are answered all the same.
    if (files.length === 1) {
      process.stdout.write(await answer(engine, files[0], options));
      return exitCodes.done;
    }
    const texts: string[] = [];
    for (const file of files) {
      try {
        const text = await answer(engine, file, options);
        if (options.json) texts.push(text.trimEnd());
        else process.stdout.write(`${texts.push(text) > 1 ? '\n' : ''}${text}`);
      } catch (error) {
        if (error instanceof UsageError) throw error;
        const message = messageOf(error);
        process.stderr.write(`${stderrStyle.red('failed')} ${message}\n`);
      }
    }
    if (options.json) process.stdout.write(`[\n${texts.join(',\n')}\n]\n`);
    return texts.length < files.length ? exitCodes.failed : exitCodes.done;
  });
}

/** Text or JSON for one file. */
async function answer(engine: Engine, file: string, options: ChunkCommandOptions): Promise<string> {
  const { start = 0, models, raw = false, volumeThreshold, json } = options;
  const { data, sampleRate, mixed } = await readPart(file, options);
  const output = await engine.processAudioChunk({ data, sampleRate, models, includeRawValues: raw, volumeThreshold });
  if (json) return `${JSON.stringify(output, null, 2)}\n`;
  const { backend, adapter } = engine.device;
  const name = stdoutStyle.bold(printable(file === standardInput ? 'standard input' : file));
  const part = start > 0 ? ` from ${clock(start, 1)}` : '';
  const mix = mixed > 1 ? `, the mix of ${mixed} channels` : '';
  const length = clock(data.length / sampleRate, 1);
  return `${name}${part}, ${length}${mix}\n\n${answers(output)}\n${stdoutStyle.dim(`${backend}: ${adapter}`)}\n`;
}

interface Part {
  readonly data: Float32Array;
  readonly sampleRate: number;
  /** How many channels `data` is the mean of. */
  readonly mixed: number;
}

/** One channel of a file, or the mean of all, between two times in seconds. */
async function readPart(file: string, options: ChunkCommandOptions): Promise<Part> {
  const { start = 0, end = Infinity, channel, partial } = options;
  const source = file === standardInput ? new Uint8Array(await buffer(process.stdin)) : file;
  const onWarning: DecodeOptions['onWarning'] = ({ message }) =>
    process.stderr.write(`${stderrStyle.yellow('warning')} ${printable(message)}\n`);
  const parts: Float32Array[] = [];
  let rate = 0;
  let read = 0;
  let mixed = 1;
  for await (const { channels, sampleRate } of decodeFile(source, { partial, onWarning })) {
    if (typeof channel === 'number' && channel >= channels.length)
      throw new UsageError(
        `--channel ${channel}: ${file} has ${channels.length} ` +
          `channel${channels.length > 1 ? `s, 0 to ${channels.length - 1}` : ', 0'}`,
      );
    const samples = floatsOf(typeof channel === 'number' ? channels[channel] : meanOf(channels));
    if (typeof channel !== 'number') mixed = channels.length;
    rate = sampleRate;
    const from = Math.round(start * rate) - read;
    const to = end === Infinity ? samples.length : Math.round(end * rate) - read;
    read += samples.length;
    if (to > 0 && from < samples.length) parts.push(samples.slice(Math.max(0, from), Math.max(0, to)));
    if (to <= samples.length && end !== Infinity) break;
  }
  if (start > 0 && parts.length === 0)
    throw new UsageError(`--start ${start}: ${file} is only ${(read / rate).toFixed(1)} s long`);
  const data = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((at, part) => (data.set(part, at), at + part.length), 0);
  return { data, sampleRate: rate, mixed };
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
