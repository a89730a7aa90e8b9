/**
 * Where somebody speaks in every clip of speech, by two detectors of others: silero-vad 6.2 (each 32 ms) and
 * FireRedVAD's audio events (speech, singing, music; each 10 ms).
 *
 *     node --import tsx tools/train/teachers.ts --data DIR --cache DIR --models DIR
 *
 * Writes CACHE/teachers/: silero.u8 [frames], events.u8 [frames, 3], probabilities times 255 of all clips one after
 * another; clips.tsv has for each clip its row in the index, its first frame and its number of frames in either file.
 * Read by teachers.py. Clips of music and other sounds need no such word: their class says that nobody speaks.
 */
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { BANDS, fbank } from './fbank.js';

const RATE = 16000;
const WINDOW = 512; // silero's step at 16 kHz
const CONTEXT = 64; // samples of the step before that it sees again
const STATE = 128;
const SILENCE = 2; // ln of the power in a band, below which a frame is digital silence or nearly
const SAMPLE = 20; // every twentieth clip tells the scale of the features
const LANES = 48; // clips that silero hears side by side
const SESSION = { intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: 'all' } as const;

interface Clip {
  row: number;
  speech: boolean;
  shard: string;
  start: number;
  length: number;
}

/** Rows of index.tsv as corpus.py reads them. */
async function readIndex(path: string): Promise<Clip[]> {
  const [head, ...rows] = (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  const column = (cells: string[], name: string) => cells[head?.indexOf(name) ?? -1] ?? '';
  return rows.map((cells, row) => {
    const start = Math.round(Number(column(cells, 'start')) * RATE);
    const length = Math.round(Number(column(cells, 'end')) * RATE) - start;
    return {
      row,
      speech: column(cells, 'class') === 'speech',
      shard: column(cells, 'shard').replace(/\.opus$/, ''),
      start,
      length,
    };
  });
}

async function readShard(cache: string, shard: string): Promise<Int16Array> {
  const file = await readFile(join(cache, 'audio', `${shard}.i16`));
  return new Int16Array(file.buffer, file.byteOffset, file.byteLength >> 1);
}

/** Samples of every SAMPLE-th clip. */
async function sampled(cache: string, clips: Clip[]): Promise<Int16Array[]> {
  const parts: Int16Array[] = [];
  let opened = '';
  let samples: Int16Array = new Int16Array(0);
  for (const { shard, start, length } of clips.filter((_, index) => index % SAMPLE === 0)) {
    if (shard !== opened) [opened, samples] = [shard, await readShard(cache, shard)];
    parts.push(samples.slice(start, start + length));
  }
  return parts;
}

/** Probabilities of speech of each clip, one for 512 samples, the last ones padded by zeros. */
async function silero(session: InferenceSession, clips: Int16Array[]): Promise<Float32Array[]> {
  const order = clips.map((_, index) => index).sort((a, b) => clips[b].length - clips[a].length);
  const answers = clips.map((clip) => new Float32Array(Math.ceil(clip.length / WINDOW)));
  const rate = new Tensor('int64', [BigInt(RATE)], []);
  for (let first = 0; first < order.length; first += LANES) {
    const lanes = order.slice(first, first + LANES);
    let state = new Tensor('float32', new Float32Array(2 * lanes.length * STATE), [2, lanes.length, STATE]);
    const longest = answers[lanes[0]].length;
    for (let frame = 0; frame < longest; frame++) {
      const input = new Float32Array(lanes.length * (CONTEXT + WINDOW));
      lanes.forEach((clip, lane) => {
        const samples = clips[clip];
        for (let i = 0; i < CONTEXT + WINDOW; i++)
          input[lane * (CONTEXT + WINDOW) + i] = (samples[frame * WINDOW - CONTEXT + i] ?? 0) / 32768;
      });
      const result = await session.run({
        input: new Tensor('float32', input, [lanes.length, CONTEXT + WINDOW]),
        state,
        sr: rate,
      });
      state = result.stateN as typeof state;
      const output = result.output?.data as Float32Array;
      lanes.forEach((clip, lane) => {
        const answer = answers[clip];
        if (frame < answer.length) answer[frame] = output[lane];
      });
    }
  }
  return answers;
}

interface Scale {
  mean: ArrayLike<number> & Iterable<number>;
  deviation: ArrayLike<number> & Iterable<number>;
}

/**
 * Mean and standard deviation of each band over frames that are not silent. The network takes normalised features; the
 * statistics that it was trained with are not in the file, those of a sample of the clips stand for them.
 */
function scaleOf(clips: Iterable<Int16Array>): Scale {
  const [sum, squares] = [new Float64Array(BANDS), new Float64Array(BANDS)];
  let count = 0;
  for (const clip of clips) {
    const features = fbank(clip);
    for (let at = 0; at < features.length; at += BANDS) {
      if (features[at + 20] < SILENCE) continue;
      count++;
      for (let band = 0; band < BANDS; band++) {
        const value = features[at + band];
        sum[band] = sum[band] + value;
        squares[band] = squares[band] + value * value;
      }
    }
  }
  const mean = sum.map((value) => value / count);
  return { mean, deviation: squares.map((value, band) => Math.sqrt(value / count - mean[band] ** 2)) };
}

/** [frames, 3] probabilities of speech, singing and music, each 10 ms. */
async function events(
  session: InferenceSession,
  samples: Int16Array,
  { mean, deviation }: Scale,
): Promise<Float32Array> {
  const features = fbank(samples);
  if (features.length === 0) return new Float32Array(0);
  for (let i = 0; i < features.length; i++) {
    const band = i % BANDS;
    features[i] = (features[i] - mean[band]) / deviation[band];
  }
  const result = await session.run({ feat: new Tensor('float32', features, [1, features.length / BANDS, BANDS]) });
  return result.probs?.data as Float32Array;
}

const bytes = (probabilities: Float32Array) => Uint8Array.from(probabilities, (p) => Math.round(p * 255));

async function main() {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      cache: { type: 'string' },
      models: { type: 'string' },
      scale: { type: 'string' },
    },
  });
  const { data, cache, models } = values; // --scale: the scale of another run, to hear other audio alike
  if (!data || !cache || !models) throw new Error('--data, --cache and --models are needed');
  const folder = join(cache, 'teachers');
  await mkdir(folder, { recursive: true });
  const all = await readIndex(join(data, 'index.tsv'));
  const clips = all.filter(({ speech }) => speech);
  const detector = await InferenceSession.create(join(models, 'silero_vad_16k_op15.onnx'), SESSION);
  const tagger = await InferenceSession.create(join(models, 'fireredvad_aed.onnx'), SESSION);
  const scale: Scale = values.scale
    ? JSON.parse(await readFile(values.scale, 'utf8'))
    : scaleOf(await sampled(cache, all));
  await writeFile(
    join(folder, 'scale.json'),
    JSON.stringify({ mean: [...scale.mean], deviation: [...scale.deviation] }),
  );
  const [heardFile, taggedFile, table] = await Promise.all(
    ['silero.u8', 'events.u8', 'clips.tsv'].map((name) => open(join(folder, name), 'w')),
  );
  if (!heardFile || !taggedFile || !table) return;
  await table.write('row\tsilero\tsilero_frames\tevents\tevents_frames\n');
  let [at, atEvents] = [0, 0];
  for (let first = 0; first < clips.length; ) {
    const shard = clips[first].shard;
    let last = first;
    while (clips[last]?.shard === shard) last++;
    const samples = await readShard(cache, shard);
    const parts = clips.slice(first, last).map(({ start, length }) => samples.subarray(start, start + length));
    const heard = await silero(detector, parts);
    for (const [index, part] of parts.entries()) {
      const tags = await events(tagger, part, scale);
      await heardFile.write(bytes(heard[index]));
      await taggedFile.write(bytes(tags));
      const frames = heard[index].length;
      await table.write(`${[clips[first + index].row, at, frames, atEvents, tags.length / 3].join('\t')}\n`);
      at += frames;
      atEvents += tags.length / 3;
    }
    console.log(`${shard}: ${last} of ${clips.length} clips`);
    first = last;
  }
  await Promise.all([heardFile, taggedFile, table].map((file) => file.close()));
  await writeFile(join(folder, 'done'), '');
}

await main();
