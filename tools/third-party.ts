/**
 * THIRD_PARTY.md: what an install brings besides this project, with licences, read from the packages themselves.
 * usage: node --import tsx tools/third-party.ts [--check]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'THIRD_PARTY.md');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** What a package's own field does not tell. */
const notes: Readonly<Record<string, string>> = {
  'codec-parser': 'Reads the frames of the Vorbis decoder. It is a package of its own, which can be exchanged.',
  'mpg123-decoder':
    'Holds libmpg123 compiled to WebAssembly, which is under the LGPL-2.1. It is a package of its own, loaded for MP3 only.',
  '@wasm-audio-decoders/flac': 'Holds libFLAC compiled to WebAssembly (BSD-3-Clause).',
  '@wasm-audio-decoders/ogg-vorbis': 'Holds libvorbis and libogg compiled to WebAssembly (BSD-3-Clause).',
  '@audio/decode-opus': 'Holds libopus compiled to WebAssembly (BSD-3-Clause).',
  '@echogarden/speex-resampler-wasm': 'The resampler of Speex (BSD-3-Clause) as WebAssembly, built into our code.',
};

function manifest(name: string, from: string): { path: string; manifest: Manifest } {
  for (let folder = from; ; folder = join(folder, '..')) {
    const path = join(folder, 'node_modules', name);
    if (existsSync(join(path, 'package.json')))
      return { path, manifest: JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest };
    if (folder === root || folder === '/') throw new Error(`${name} is not installed`);
  }
}

function collect(names: readonly string[], from: string, found = new Map<string, Manifest>()): Map<string, Manifest> {
  for (const name of names) {
    const { path, manifest: own } = manifest(name, from);
    if (found.has(`${name}@${own.version}`)) continue;
    found.set(`${name}@${own.version}`, own);
    collect(Object.keys(own.dependencies ?? {}), path, found);
  }
  return found;
}

const project = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const row = ({ name, version, license = 'see the package' }: Manifest): string =>
  `| ${name} ${version} | ${license} | ${notes[name] ?? ''} |\n`;
const sorted = (found: Map<string, Manifest>): Manifest[] =>
  [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));

const needed = sorted(collect(Object.keys(project.dependencies ?? {}), root));
const optional = Object.keys(project.peerDependencies ?? {}).map((name) => manifest(name, root).manifest);
const text = `# Work of others

What an install of undertone brings along, with licences by the packages' own word. Two are under the LGPL, in whole or in part; the notes say how.

| package | licence | |
|---|---|---|
${needed.map(row).join('')}
Built into our code: gpu.js (MIT), bundled for the device of that name; its licence lies beside it in dist/backends/gpujs/.

Optional packages, which you install yourself:

| package | licence | what for |
|---|---|---|
${optional.map(({ name, version, license }) => `| ${name} ${version} | ${license} | ${uses(name)} |\n`).join('')}
The models were trained from scratch on openly licensed recordings; weights/MODEL_CARD.md names the corpora, their licences and attributions.
`;

function uses(name: string): string {
  if (name === 'webgpu') return 'device webgpu in Node';
  return name.startsWith('@audio/decode-') ? `${name.slice('@audio/decode-'.length).toUpperCase()} audio` : '';
}

if (!process.argv.includes('--check')) writeFileSync(target, text);
else if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
  console.error('THIRD_PARTY.md is not what is installed: run node --import tsx tools/third-party.ts');
  process.exitCode = 1;
}
