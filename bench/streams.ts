/**
 * Live streams and long files: how soon a result is there after its audio, how many streams fit in real time and whether
 * they are served alike, and how fast a file goes through, decoding included. Streams must equal files first.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StreamResult } from '../src/index.ts';
import { wavBytes } from '../test/support/wav.ts';
import { type BenchDevice, type Context, mustAnswerAlike } from './support/context.ts';
import type { Row } from './support/row.ts';
import { median, quantile } from './support/timing.ts';

const stepSamples = 1024;

export async function streamRows(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  for (const device of await context.devices()) {
    // A software GPU takes its time.
    await streamsAreFiles(device, await context.voice(device.timed ? 4 : 1), device.timed ? 20 : 3);
    if (!device.timed) continue;
    rows.push(...(await liveLatency(device, await context.voice(context.quick ? 10 : 60))));
    const counts = context.quick ? [100] : device.name === 'webgpu' ? [100, 1000, 10000] : [500];
    for (const count of counts) rows.push(...(await manyStreams(device, context, count)));
    for (const sampleRate of [16000, 44100]) rows.push(await fileSpeed(device, context, sampleRate));
  }
  return rows;
}

const settings = ({ engine }: BenchDevice) => ({
  models: [engine.models.Speech, engine.models.Gender],
  includeRawValues: true,
  outputPeriod: 64,
});

/** Writes a step at a time, as a microphone does; calls back for each result. */
async function live(
  device: BenchDevice,
  pcm: Int16Array,
  onResult: (result: StreamResult) => void = () => {},
): Promise<StreamResult[]> {
  const stream = await device.engine.openStream(settings(device));
  const results: StreamResult[] = [];
  const reading = (async () => {
    for await (const result of stream) {
      results.push(result);
      onResult(result);
    }
  })();
  for (let at = 0; at < pcm.length; at += stepSamples) await stream.write(pcm.subarray(at, at + stepSamples));
  await stream.end();
  await reading;
  return results;
}

async function streamsAreFiles(device: BenchDevice, pcm: Int16Array, count: number): Promise<void> {
  const whole = await device.engine.processAudioBytes({ ...settings(device), data: pcm });
  const expected = JSON.stringify(whole.channels['0'].time_series);
  for (const results of await Promise.all(Array.from({ length: count }, () => live(device, pcm)))) {
    mustAnswerAlike(`a stream and its file on ${device.name}`, JSON.stringify(results), expected);
  }
}

/** From the write that completes a period to its result, one step after the other on an idle engine. */
async function liveLatency(device: BenchDevice, pcm: Int16Array): Promise<Row[]> {
  const stream = await device.engine.openStream(settings(device));
  const results = stream[Symbol.asyncIterator]();
  const seconds: number[] = [];
  for (let at = 0; at + stepSamples <= pcm.length; at += stepSamples) {
    const start = performance.now();
    void stream.write(pcm.subarray(at, at + stepSamples));
    await results.next();
    seconds.push((performance.now() - start) / 1000);
  }
  stream.cancel();
  const settled = seconds.slice(10);
  return [0.5, 0.99].map((q) => ({
    name: `live-period-p${100 * q}-ms`,
    value: 1e3 * quantile(settled, q),
    unit: 'ms',
    device: device.name,
  }));
}

/** Streams that all have audio at once; they share `distinct` voices, and each carries a state of its own. */
const distinct = 500;

async function manyStreams(device: BenchDevice, context: Context, count: number): Promise<Row[]> {
  const seconds = context.quick ? 1 : 4;
  const voices = await Promise.all(
    Array.from({ length: Math.min(count, distinct) }, (_, i) => context.voice(seconds, 0.01 * i)),
  );
  const inputs = Array.from({ length: count }, (_, i) => voices[i % voices.length]);
  const started = performance.now();
  const ended = await Promise.all(
    inputs.map(async (pcm) => {
      await live(device, pcm);
      return (performance.now() - started) / 1000;
    }),
  );
  return [
    {
      name: `streams-${count}-realtime-factor`,
      value: (count * seconds) / Math.max(...ended),
      unit: 'times real time',
      device: device.name,
    },
    {
      name: `streams-${count}-last-to-median`,
      value: Math.max(...ended) / median(ended),
      unit: 'times',
      device: device.name,
    },
  ];
}

async function fileSpeed(device: BenchDevice, context: Context, sampleRate: number): Promise<Row> {
  const minutes = context.quick ? 1 : 10;
  const pcm = await context.voice((minutes * 60 * sampleRate) / 16000);
  const folder = await mkdtemp(join(tmpdir(), 'undertone-bench-'));
  const path = join(folder, 'long.wav');
  await writeFile(path, wavBytes([Float32Array.from(pcm, (value) => value / 32768)], { sampleRate }));
  const { outputPeriod: _, ...options } = settings(device);
  const started = performance.now();
  await device.engine.processFile(path, { ...options, includeSummary: true, includeTransitions: true });
  const seconds = (performance.now() - started) / 1000;
  await rm(folder, { recursive: true });
  return {
    name: `file-wav-${sampleRate}-realtime-factor`,
    value: (minutes * 60) / seconds,
    unit: 'times real time',
    device: device.name,
  };
}
