/**
 * Cuts an evaluation folder (WAV files and LABELS.tsv) out of a corpus that is kept as long shards with an index.
 *
 * usage: node --import tsx tools/evaluate/from-index.ts DATA OUT [--index index.tsv] [--split dev] [--seconds 3]
 * [--per-corpus 80]
 *   DATA    a folder with audio/SHARD and an index with the columns shard, start, end (seconds), class, gender, corpus, split
 *   OUT     gets wav/*.wav (16 kHz mono, at most SECONDS each) and LABELS.tsv
 *
 * A speech clip gives its first SECONDS. Long music and sounds give several stretches, so that a class with few files
 * is not judged on a handful. Of each corpus at most so many stretches are taken, drawn by a fixed seed. Stretches of
 * music and sounds that are next to silent (below -60 dB) are left out: nobody could tell what they are. Needs ffmpeg.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seeded } from '../../test/support/random.ts';

const rate = 16000;
const leastSeconds = 0.4;
const leastLevel = 10 ** (-60 / 20);

interface Stretch {
  readonly shard: string;
  readonly from: number;
  readonly to: number;
  readonly class: string;
  readonly gender: string;
  readonly corpus: string;
}

const option = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { index: option, split: option, seconds: option, 'per-corpus': option },
});
const [data, out] = positionals;
if (!data || !out) {
  console.error('usage: from-index.ts DATA OUT [--index index.tsv] [--split dev] [--seconds 3] [--per-corpus 80]');
  process.exit(2);
}
const seconds = Number(values.seconds ?? 3);
const perCorpus = Number(values['per-corpus'] ?? 80);

const [header, ...lines] = (await readFile(join(data, values.index ?? 'index.tsv'), 'utf8')).trimEnd().split('\n');
const names = header.split('\t');
const rows = lines.map((line) => Object.fromEntries(line.split('\t').map((cell, i) => [names[i], cell])));
const taken = draw(rows.filter(({ split }) => split === (values.split ?? 'dev')).flatMap(stretchesOf));

await mkdir(join(out, 'wav'), { recursive: true });
const listed = ['file\tclass\tgender\tcorpus'];
for (const [shard, stretches] of groupBy(taken, ({ shard }) => shard)) {
  const pcm = await decodeShard(join(data, 'audio', shard));
  for (const { from, to, class: label, gender, corpus } of stretches) {
    const samples = pcm.subarray(Math.round(from * rate), Math.round(to * rate));
    if (label !== 'speech' && level(samples) < leastLevel) continue;
    const file = `wav/${shard.replace(/\.\w+$/, '')}-${from.toFixed(2)}.wav`;
    await writeFile(join(out, file), wav(samples));
    listed.push([file, label, gender, corpus].join('\t'));
  }
}
await writeFile(join(out, 'LABELS.tsv'), `${listed.join('\n')}\n`);
console.log(`${listed.length - 1} clips in ${out}`);

function stretchesOf(row: Record<string, string>): Stretch[] {
  const { shard, class: label, gender, corpus } = row as Record<'shard' | 'class' | 'gender' | 'corpus', string>;
  const [start, end] = [Number(row.start), Number(row.end)];
  const stretches: Stretch[] = [];
  for (let from = start; end - from >= leastSeconds; from += seconds) {
    stretches.push({ shard, from, to: Math.min(end, from + seconds), class: label, gender, corpus });
    if (label === 'speech') break;
  }
  return stretches;
}

/** At most so many of each corpus, class and gender. */
function draw(stretches: Stretch[]): Stretch[] {
  return [...groupBy(stretches, ({ corpus, class: label, gender }) => [corpus, label, gender].join())].flatMap(
    ([key, own]) => {
      const { uniform } = seeded(key);
      return own
        .map((stretch) => ({ stretch, order: uniform() }))
        .sort((a, b) => a.order - b.order)
        .slice(0, perCorpus)
        .map(({ stretch }) => stretch);
    },
  );
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

function decodeShard(path: string): Promise<Int16Array> {
  return new Promise((resolve, reject) => {
    execFile(
      'ffmpeg',
      ['-v', 'error', '-i', path, '-ac', '1', '-ar', String(rate), '-f', 's16le', '-'],
      { encoding: 'buffer', maxBuffer: 1 << 30 },
      (error, bytes) => {
        if (error) reject(error);
        else resolve(new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)));
      },
    );
  });
}

function level(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length) / 32768;
}

/** RIFF with one fmt and one data chunk. */
function wav(samples: Int16Array): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length * 2, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length * 2, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)]);
}
