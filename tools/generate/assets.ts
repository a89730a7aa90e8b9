/**
 * Modules that are made of other sources, so that they are code for every bundler: the kernels of the CPU backend and
 * the levels of audio (AssemblyScript), the resampler of its package, and the shaders.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Asset {
  readonly target: string;
  /** Folders, or files, that it is made of. */
  readonly sources: readonly string[];
  /** The text of the module. */
  make(): string;
}

const assemblyFlags = [
  ...['--optimizeLevel', '2', '--shrinkLevel', '0', '--noAssert', '--runtime', 'stub', '--converge'],
  ...['--enable', 'simd'],
];

export const assets: readonly Asset[] = [
  assembly('src/backends/wasm/kernels.generated.ts', 'src/backends/wasm/assembly', 'index.ts', 'kernels', [
    ...['--enable', 'relaxed-simd', '--enable', 'threads'],
    // One memory for all instances: weights are there once, whatever the number of threads.
    ...['--importMemory', '--noExportMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
    // v128 in the signatures of functions that are not exported from the module.
    ...['--disableWarning', '112'],
  ]),
  // Room for the samples of 64 steps, and a page for their sums.
  assembly('src/audio/level.generated.ts', 'src/audio/assembly', 'level.ts', 'level', [
    ...['--initialMemory', '3', '--maximumMemory', '3', '--memoryBase', '196608'],
  ]),
  resampler('src/audio/speex.generated.ts', 'node_modules/@echogarden/speex-resampler-wasm'),
  shaders('src/backends/webgpu/shaders.generated.ts', 'shaders'),
  models('src/embedded.generated.ts', 'weights'),
];

function assembly(target: string, folder: string, entry: string, name: string, flags: readonly string[]): Asset {
  return {
    target,
    sources: [folder],
    make() {
      const asc = join(dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')), 'bin/asc.js');
      const binary = join(root, `${target}.${process.pid}.wasm`);
      const args = [asc, `${folder}/${entry}`, '-o', binary, ...assemblyFlags, ...flags];
      execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
      const bytes = readFileSync(binary);
      rmSync(binary);
      return base64Module(name, bytes);
    },
  };
}

function resampler(target: string, folder: string): Asset {
  const [binary, licence] = [`${folder}/wasm/speex-resampler-simd.wasm`, `${folder}/COPYING`];
  return {
    target,
    sources: [binary, licence],
    make: () =>
      `/*!\n${readFileSync(join(root, licence), 'utf8').trim()}\n*/\n${base64Module('speex', readFileSync(join(root, binary)))}`,
  };
}

function base64Module(name: string, bytes: Buffer): string {
  return `/** WebAssembly, ${bytes.length} bytes. */\nexport const ${name}: string =\n  '${bytes.toString('base64')}';\n`;
}

/** Model files as base64, by id. */
function models(target: string, folder: string): Asset {
  return {
    target,
    sources: [folder],
    make() {
      const files = readdirSync(join(root, folder)).filter((file) => file.endsWith('.model'));
      const rows = files
        .sort()
        .map(
          (file) => `  '${file.slice(0, -6)}':\n    '${readFileSync(join(root, folder, file)).toString('base64')}',\n`,
        );
      return `/** The model files of ${folder}/ by id, as base64. */\nexport const models: Readonly<Record<string, string>> = {\n${rows.join('')}};\n`;
    },
  };
}

function shaders(target: string, folder: string): Asset {
  return {
    target,
    sources: [folder],
    make() {
      const files = readdirSync(join(root, folder)).filter((file) => file.endsWith('.wgsl'));
      const texts = files.sort().map((file) => [file, readFileSync(join(root, folder, file), 'utf8')]);
      const table = JSON.stringify(Object.fromEntries(texts), undefined, 2);
      return `/** The texts of ${folder}/ by file. */\nexport const sources: Readonly<Record<string, string>> = ${table};\n`;
    },
  };
}

export function isStale({ target, sources }: Asset): boolean {
  if (!existsSync(join(root, target))) return true;
  const made = statSync(join(root, target)).mtimeMs;
  const files = sources.flatMap((source) => {
    const path = join(root, source);
    // The folder too, whose time tells of files that were taken away.
    return statSync(path).isDirectory() ? [path, ...readdirSync(path).map((file) => join(path, file))] : [path];
  });
  return [...files, fileURLToPath(import.meta.url)].some((file) => statSync(file).mtimeMs > made);
}

/** Makes anew what is older than its sources. */
export function writeAssets(): void {
  for (const each of assets.filter(isStale)) {
    // Written beside and renamed, so that nobody ever loads half a file.
    const fresh = join(root, `${each.target}.${process.pid}`);
    writeFileSync(fresh, each.make());
    renameSync(fresh, join(root, each.target));
  }
}
