/** From what a caller asked for, in the wire's words, to calls of the library. */
import { readFile } from 'node:fs/promises';
import type { Channel, ChunkOutput, Encoding, Engine, TimeSeriesOutput } from 'undertone';
import { ServiceError } from './http/errors.ts';

/** Query parameters of the paths that analyse audio, as they come over the wire and travel in jobs. */
export interface Asked {
  readonly models?: readonly string[];
  readonly include_raw_values?: boolean;
  readonly volume_threshold?: number;
  readonly output_period?: number;
  readonly include_summary?: boolean;
  readonly include_transitions?: boolean;
  readonly encoding?: Encoding;
  readonly sample_rate?: number;
  readonly channels?: number;
  readonly channel?: Channel;
}

/** What was analysed and how long it is. */
export interface Analysed<T> {
  readonly output: T;
  readonly audioSeconds: number;
}

/** `models=speech,gender` and `models=speech&models=gender` are the same. */
export function modelsOf({ models = ['Speech', 'Gender'] }: Asked): string[] {
  const names = models.flatMap((name) => name.split(',')).map((name) => name.trim());
  return names.filter((name) => name !== '');
}

export function analysisOptions(asked: Asked) {
  return {
    models: modelsOf(asked),
    ...(asked.include_raw_values !== undefined && { includeRawValues: asked.include_raw_values }),
    ...(asked.volume_threshold !== undefined && { volumeThreshold: asked.volume_threshold }),
    ...(asked.channel !== undefined && { channel: asked.channel }),
  };
}

export function seriesOptions(asked: Asked) {
  return {
    ...analysisOptions(asked),
    ...(asked.output_period !== undefined && { outputPeriod: asked.output_period }),
    ...(asked.include_summary !== undefined && { includeSummary: asked.include_summary }),
    ...(asked.include_transitions !== undefined && { includeTransitions: asked.include_transitions }),
  };
}

export function rateOf({ encoding, sample_rate }: Asked): number {
  return sample_rate ?? (encoding === 'mulaw' || encoding === 'alaw' ? 8000 : 16_000);
}

/** How samples stand in raw audio, in the library's words. */
export function layoutOf({ encoding = 's16le', sample_rate, channels = 1 }: Asked) {
  return { encoding, channels, ...(sample_rate !== undefined && { sampleRate: sample_rate }) };
}

const bytesPerSample = { s16le: 2, f32le: 4, mulaw: 1, alaw: 1 } as const;

/** How long raw audio of so many bytes is, each channel. */
export function secondsOf(bytes: number, asked: Asked): number {
  return bytes / bytesPerSample[asked.encoding ?? 's16le'] / (asked.channels ?? 1) / rateOf(asked);
}

/** Longer than any body: a whole file is one period. */
const endlessPeriod = 86_400_000;

/** One answer for the whole of a body: raw samples where an encoding was named, else a file. */
export async function analyseChunk(
  engine: Engine,
  body: Uint8Array,
  asked: Asked,
  signal: AbortSignal,
): Promise<Analysed<ChunkOutput>> {
  const options = { ...analysisOptions(asked), signal };
  if (asked.encoding) {
    const output = await engine.processAudioChunk({ ...options, ...layoutOf(asked), data: body });
    return { output, audioSeconds: secondsOf(body.length, asked) };
  }
  let audioSeconds = 0;
  const series = await engine.processFile(body, {
    ...options,
    outputPeriod: endlessPeriod,
    onProgress: ({ seconds }) => {
      audioSeconds = seconds;
    },
  });
  const channels = Object.values(series.channels);
  const period = channels[0]?.time_series[0];
  if (channels.length !== 1 || !period) {
    throw new ServiceError(
      400,
      'channel_needed',
      `channel: the file has ${channels.length} channels; name one, from 0 on`,
    );
  }
  const { results, raw } = period;
  return { output: raw ? { results, raw } : { results }, audioSeconds };
}

/** The time series of a recording on disk. */
export async function analyseRecording(
  engine: Engine,
  path: string,
  asked: Asked,
  signal: AbortSignal,
): Promise<Analysed<TimeSeriesOutput>> {
  const options = { ...seriesOptions(asked), signal };
  if (asked.encoding) {
    const data = await readFile(path);
    const output = await engine.processAudioBytes({ ...options, ...layoutOf(asked), data });
    return { output, audioSeconds: secondsOf(data.length, asked) * Object.keys(output.channels).length };
  }
  let seconds = 0;
  const output = await engine.processFile(path, {
    ...options,
    onProgress: (progress) => {
      seconds = progress.seconds;
    },
  });
  return { output, audioSeconds: seconds * Object.keys(output.channels).length };
}
