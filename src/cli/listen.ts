/** `undertone listen`: raw samples from standard input, answers as they come. */
import type { Encoding } from '../audio/format.ts';
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
      const { models, channel, raw, volumeThreshold, rate, channels, encoding, period } = options;
      const print = printer(options);
      const results = engine.processStream(process.stdin as AsyncIterable<Uint8Array>, {
        models,
        channel,
        volumeThreshold,
        channels,
        sampleRate: rate,
        encoding,
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
      return `${paint(answer.result, answer.result.replaceAll('_', ' ').padEnd(9))} ${answer.confidence.toFixed(2)} ${bar(answer.confidence).padEnd(10)}${stdoutStyle.dim(probabilities)}`;
    });
    const time = clock(timestamp / 1000, 2).padStart(9);
    process.stdout.write(
      `${stdoutStyle.dim(time)}${channel === undefined ? '' : `  channel ${channel}`}  ${answers.join('  ')}`.trimEnd() +
        '\n',
    );
  };
}
