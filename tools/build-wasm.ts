/**
 * Compiles the kernels of the CPU backend, src/backends/wasm/assembly, to src/backends/wasm/kernels.wasm (not under
 * version control). Where dist/ is built, copies them there and makes the backend's own modules one small file.
 * usage: node --import tsx tools/build-wasm.ts [--if-stale]
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildResult, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'src/backends/wasm');
const dist = join(root, 'dist/backends/wasm');
const target = join(folder, 'kernels.wasm');

const flags = [
  '--optimizeLevel', '2', '--shrinkLevel', '0', '--noAssert', '--runtime', 'stub', '--converge',
  '--enable', 'simd', '--enable', 'relaxed-simd', '--enable', 'threads',
  // One memory for all instances: weights are there once, whatever the number of threads.
  '--importMemory', '--noExportMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536',
  // v128 in the signatures of functions that are not exported from the module.
  '--disableWarning', '112',
];

export function isStale(): boolean {
  if (!existsSync(target)) return true;
  const built = statSync(target).mtimeMs;
  const sources = readdirSync(join(folder, 'assembly')).map((file) => join(folder, 'assembly', file));
  return [...sources, fileURLToPath(import.meta.url)].some((file) => statSync(file).mtimeMs > built);
}

export function buildKernels(): void {
  const asc = join(dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')), 'bin/asc.js');
  // Written beside and renamed, so that nobody ever loads half a file.
  const fresh = `${target}.${process.pid}`;
  execFileSync(process.execPath, [asc, 'src/backends/wasm/assembly/index.ts', '-o', fresh, ...flags], { cwd: root, stdio: 'inherit' });
  renameSync(fresh, target);
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
    outdir: from, write: false, bundle: true, splitting: true, minify: true,
    // Names that nothing outside the backend sees.
    mangleProps: /^(attempts|beginNode|blockStride|compiled|constantsUsed|emit|enter|execute|floats|forget|heap|hold|leave|newResults|numbers|packed|pass|place|prepared|programs|release|relink|reserve|rowLength|rowStride|save|scratchLength|shorts|table|target|tensor|users|workspace|zeros)$/,
    format: 'esm', platform: 'node', target: 'es2022', logLevel: 'warning', chunkNames: 'shared-[hash]',
    plugins: [outside(from)],
  });
}

async function finishDist(): Promise<void> {
  copyFileSync(target, join(dist, 'kernels.wasm'));
  const { outputFiles } = await bundle(dist, 'js');
  for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) if (file.endsWith('.js')) rmSync(join(dist, file));
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.argv.includes('--if-stale') || isStale()) buildKernels();
  if (existsSync(join(dist, 'index.js'))) await finishDist();
  console.log(`kernels.wasm: ${statSync(target).size} bytes`);
}
