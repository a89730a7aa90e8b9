/** `undertone listen`: raw samples from standard input, answers as they come. */
import { Readable } from 'node:stream';
import { fileKind } from '../audio/codecs.ts';
import { decodeFile } from '../audio/decode.ts';
import type { Encoding } from '../audio/format.ts';
import type { Samples } from '../audio/samples.ts';
import type { StreamResult } from '../listening/tracks.ts';
import { clock, speechFirst } from '../reports/report.ts';
import { exitCodes, UsageError } from './errors.ts';
import { type CommonOptions, withEngine } from './options.ts';
import { bar, paint, stdoutStyle } from './style.ts';

export interface ListenOptions extends CommonOptions {
  readonly rate?: number;
  readonly channels: number;
  readonly encoding: Encoding;
  readonly period: number;
  readonly changes?: boolean;
  readonly json?: boolean;
}

export async function listen(options: ListenOptions): Promise<number> {
  if (options.period % 64 !== 0) throw new UsageError(`--period ${options.period}: it must be a multiple of 64`);
  if (process.stdin.isTTY)
    throw new UsageError('standard input is a terminal: pipe raw audio into it, as `undertone listen --help` shows');
  const interrupt = new AbortController();
  const stop = (): void => {
    interrupt.abort();
    process.stdin.destroy();
  };
  process.once('SIGINT', stop);
  try {
    return await withEngine(options, async (engine) => {
      const { models, channel, raw, volumeThreshold, period } = options;
      const print = printer(options);
      const { source, ...layout } = await sourceOf(process.stdin, options);
      const results = engine.processStream(source, {
        ...{ models, channel, volumeThreshold, ...layout },
        outputPeriod: period,
        includeRawValues: raw,
        signal: interrupt.signal,
      });
      for await (const result of results) print(result);
      return exitCodes.done;
    });
  } catch (error) {
    // Ctrl-C is how one stops listening.
    if (interrupt.signal.aborted) return exitCodes.done;
    throw error;
  } finally {
    process.removeListener('SIGINT', stop);
    process.stdin.destroy();
  }
}

/** Enough to tell every kind of file by, and 0.1 s of raw samples at 16 kHz. */
const headLength = 4096;

interface Source {
  readonly source: AsyncIterable<Uint8Array | Samples>;
  readonly sampleRate?: number | undefined;
  readonly channels?: number;
  readonly encoding?: Encoding;
}

/** Raw samples as the options say, unless the input begins as a file does: that is decoded. */
async function sourceOf(input: AsyncIterable<Uint8Array>, options: ListenOptions): Promise<Source> {
  const chunks = input[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  for (let length = 0; length < headLength; ) {
    const { value, done } = await chunks.next();
    if (done) break;
    first.push(value);
    length += value.length;
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield* first;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  }
  const kind = fileKind(Buffer.concat(first));
  if (kind === undefined)
    return { source: whole(), sampleRate: options.rate, channels: options.channels, encoding: options.encoding };
  process.stderr.write(`standard input is ${kind}, which is decoded\n`);
  const blocks = decodeFile(Readable.from(whole()));
  const block = await blocks.next();
  if (block.done) return { source: whole() };
  const { sampleRate, channels } = block.value;
  async function* interleaved(): AsyncGenerator<Samples> {
    yield frames(channels);
    for await (const more of blocks) yield frames(more.channels);
  }
  return { source: interleaved(), sampleRate, channels: channels.length };
}

function frames(channels: readonly Samples[]): Samples {
  const length = channels.length * channels[0].length;
  const data = channels[0] instanceof Int16Array ? new Int16Array(length) : new Float32Array(length);
  channels.forEach((samples, channel) => samples.forEach((value, i) => (data[i * channels.length + channel] = value)));
  return data;
}

function printer({ json, changes, raw }: ListenOptions): (result: StreamResult) => void {
  const before = new Map<StreamResult['channel'], string>();
  return (result) => {
    const { channel, timestamp, results, raw: values } = result;
    const heard = Object.values(results)
      .map((answer) => answer.result)
      .join();
    if (changes && before.get(channel) === heard) return;
    before.set(channel, heard);
    if (json) {
      process.stdout.write(`${JSON.stringify(result)}\n`);
      return;
    }
    const answers = speechFirst(Object.entries(results), ([model]) => model).map(([model, answer]) => {
      const probabilities = raw
        ? `  ${Object.entries(values?.[model] ?? {})
            .map(([label, value]) => `${label} ${value.toFixed(2)}`)
            .join('  ')}`
        : '';
      return (
        `${paint(answer.result, answer.result.replaceAll('_', ' ').padEnd(9))} ${answer.confidence.toFixed(2)} ` +
        `${bar(answer.confidence).padEnd(10)}${stdoutStyle.dim(probabilities)}`
      );
    });
    const time = clock(timestamp / 1000, 2).padStart(9);
    const place = channel === undefined ? '' : `  channel ${channel}`;
    process.stdout.write(`${`${stdoutStyle.dim(time)}${place}  ${answers.join('  ')}`.trimEnd()}\n`);
  };
}
