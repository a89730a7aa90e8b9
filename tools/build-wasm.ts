/**
 * Compiles what is written in AssemblyScript: the kernels of the CPU backend and the levels of audio, each to a .wasm file
 * that is not under version control. Where dist/ is built, copies them there and makes the CPU backend's own modules
 * one small file.
 * usage: node --import tsx tools/build-wasm.ts [--if-stale]
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildResult, build, type Plugin } from 'esbuild';
import { generate } from './generate.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const backend = 'src/backends/wasm';
const distBackend = join(root, 'dist/backends/wasm');

interface WasmModule {
  /** The sources' folder, and in it the file that exports what the module does. */
  readonly sources: string;
  readonly entry: string;
  readonly target: string;
  readonly flags: readonly string[];
}

const common = [
  '--optimizeLevel',
  '2',
  '--shrinkLevel',
  '0',
  '--noAssert',
  '--runtime',
  'stub',
  '--converge',
  '--enable',
  'simd',
];

export const wasmModules: readonly WasmModule[] = [
  {
    sources: `${backend}/assembly`,
    entry: 'index.ts',
    target: `${backend}/kernels.wasm`,
    flags: [
      ...common,
      '--enable',
      'relaxed-simd',
      '--enable',
      'threads',
      // One memory for all instances: weights are there once, whatever the number of threads.
      '--importMemory',
      '--noExportMemory',
      '--sharedMemory',
      '--initialMemory',
      '1',
      '--maximumMemory',
      '65536',
      // v128 in the signatures of functions that are not exported from the module.
      '--disableWarning',
      '112',
    ],
  },
  {
    sources: 'src/audio/assembly',
    entry: 'level.ts',
    target: 'src/audio/level.wasm',
    // Room for the samples of 64 steps, and a page for their sums.
    flags: [...common, '--initialMemory', '3', '--maximumMemory', '3', '--memoryBase', '196608'],
  },
];

export function isStale({ sources, target }: WasmModule): boolean {
  if (!existsSync(join(root, target))) return true;
  const built = statSync(join(root, target)).mtimeMs;
  const files = readdirSync(join(root, sources)).map((file) => join(root, sources, file));
  return [...files, fileURLToPath(import.meta.url)].some((file) => statSync(file).mtimeMs > built);
}

export function buildModule({ sources, entry, target, flags }: WasmModule): void {
  const asc = join(dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')), 'bin/asc.js');
  // Written beside and renamed, so that nobody ever loads half a file.
  const fresh = `${target}.${process.pid}`;
  execFileSync(process.execPath, [asc, `${sources}/${entry}`, '-o', fresh, ...flags], { cwd: root, stdio: 'inherit' });
  renameSync(join(root, fresh), join(root, target));
}

/** Leaves imports of what is not in the folder as they are, seen from the folder itself. */
function outside(folder: string): Plugin {
  return {
    name: 'outside',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.?\// }, ({ resolveDir, path, kind }) => {
        if (kind === 'entry-point') return undefined;
        const seen = relative(folder, join(resolveDir, path));
        return seen.startsWith('..') ? { path: seen, external: true } : undefined;
      });
    },
  };
}

/** The backend's modules in `from` as one, minified, not yet written; what lies outside the folder is imported as before. */
export function bundle(from: string, extension: 'js' | 'ts'): Promise<BuildResult<{ write: false }>> {
  return build({
    entryPoints: [join(from, `index.${extension}`), join(from, `pool.${extension}`)],
    outdir: from,
    write: false,
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    logLevel: 'warning',
    chunkNames: 'shared-[hash]',
    plugins: [outside(from)],
  });
}

async function finishDist(): Promise<void> {
  for (const { target } of wasmModules) copyFileSync(join(root, target), join(root, target.replace(/^src/, 'dist')));
  const { outputFiles } = await bundle(distBackend, 'js');
  for (const file of readdirSync(distBackend, { recursive: true, encoding: 'utf8' }))
    if (file.endsWith('.js')) rmSync(join(distBackend, file));
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await generate();
  for (const each of wasmModules) {
    if (!process.argv.includes('--if-stale') || isStale(each)) buildModule(each);
    console.log(`${each.target}: ${statSync(join(root, each.target)).size} bytes`);
  }
  if (existsSync(join(distBackend, 'index.js'))) await finishDist();
}
