/**
 * Do damaged audio files ever crash, hang or bloat the reader? Each must end in an error that is ours, or in a part that is
 * marked, or be read whole because its format has no checksum there.
 * usage: node --import tsx bench/damaged-audio.ts [COUNT] [SEED]     (default 1000)
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeFile } from '../src/audio/decode.ts';
import { DecodeError } from '../src/errors.ts';
import { cpuSeconds } from '../test/support/cpu-time.ts';
import { damaged } from '../test/support/damage.ts';
import { seeded } from '../test/support/random.ts';
import { wavBytes } from '../test/support/wav.ts';

const count = Number(process.argv[2] ?? 1000);
const random = seeded(`damaged audio ${process.argv[3] ?? ''}`);
const folder = fileURLToPath(new URL('../test/fixtures/audio', import.meta.url));

const files = new Map<string, Uint8Array>();
const names = [
  ...(await readdir(folder)).filter((name) => name.startsWith('tone')),
  ...(await readdir(join(folder, 'formats'))).map((name) => join('formats', name)),
];
for (const name of names) files.set(name, await readFile(join(folder, name)));
const tone = Float32Array.from({ length: 20000 }, (_, i) => Math.sin(i / 5));
files.set('16 bit.wav', wavBytes([tone, tone]));
files.set('float.wav', wavBytes([tone], { bits: 32, float: true, extensible: true }));

const tally = new Map([...files.keys()].map((name) => [name, { error: 0, part: 0, whole: 0, slowest: 0 }]));
const faults: string[] = [];
for (let i = 0; i < count; i++) {
  const [name, file] = [...files][i % files.size];
  const bytes = damaged(file, Math.floor(i / files.size), random);
  const own = tally.get(name)!;
  const started = cpuSeconds();
  let warned = false;
  try {
    for await (const _ of decodeFile(bytes, { partial: i % 2 === 0, onWarning: () => (warned = true) }));
    own[warned ? 'part' : 'whole']++;
  } catch (error) {
    own.error++;
    if (!(error instanceof DecodeError)) faults.push(`file ${i}, ${name}: ${(error as Error).stack}`);
  }
  own.slowest = Math.max(own.slowest, Math.round(1000 * (cpuSeconds() - started)));
}
console.table(Object.fromEntries(tally));
console.log(`${count} files, ${faults.length} faults, resident ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
for (const fault of faults) console.log(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
