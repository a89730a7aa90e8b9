/** What the product answers for the samples, the fixtures and a long synthetic stream, as JSON text by name. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Engine } from '../../src/index.ts';
import { seeded } from '../support/random.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folders = ['samples', 'test/fixtures/voices', 'test/fixtures/audio'];
const sound = /\.(wav|flac|mp3|ogg|oga|opus)$/;

/** Every file as a time series with all that can be asked for, and its samples as one chunk. */
export async function* answersForFiles(): AsyncGenerator<[name: string, json: string]> {
  await using engine = await Engine.create({ device: 'cpu', threads: 1 });
  const models = [engine.models.Speech, engine.models.Gender];
  for (const folder of folders) {
    for (const file of (await readdir(join(root, folder))).filter((name) => sound.test(name)).sort()) {
      const output = await engine.processFile(join(root, folder, file), {
        models,
        includeSummary: true,
        includeTransitions: true,
        includeRawValues: true,
      });
      yield [file, JSON.stringify(output)];
    }
  }
  const wav = new Uint8Array(await readFile(join(root, 'samples/reading-room.wav'))).subarray(44);
  for (const steps of [1, 3, 16, 47]) {
    const data = wav.slice(0, 2048 * steps);
    yield [
      `chunk of ${steps} steps`,
      JSON.stringify(await engine.processAudioChunk({ data, models, includeRawValues: true })),
    ];
  }
}

/** Ten minutes at 8 kHz in chunks of any size: the voice of a sample, noise and silence in turn. */
export async function answersForStream(): Promise<string> {
  await using engine = await Engine.create({ device: 'cpu', threads: 1 });
  const { below, uniform } = seeded('answers');
  const voice = await readFile(join(root, 'samples/reading-room.wav'));
  const samples = new Int16Array(600 * 8000);
  for (let at = 0; at < samples.length; ) {
    const length = Math.min(4000 + below(40000), samples.length - at);
    const kind = below(3);
    const start = below(60000);
    for (let i = 0; i < length; i++, at++) {
      const said = voice.readInt16LE(44 + 2 * ((start + i) % 60000));
      samples[at] = kind === 0 ? said : kind === 1 ? Math.round(2000 * uniform()) : 0;
    }
  }
  async function* chunks() {
    for (let at = 0; at < samples.length; ) {
      const length = 1 + below(9000);
      yield samples.subarray(at, at + length);
      at += length;
    }
  }
  const periods: string[] = [];
  const models = [engine.models.Speech, engine.models.Gender];
  const stream = engine.processStream(chunks(), {
    sampleRate: 8000,
    models,
    includeSummary: true,
    includeRawValues: true,
  });
  while (true) {
    const next = await stream.next();
    periods.push(JSON.stringify(next.value));
    if (next.done) return periods.join('\n');
  }
}
