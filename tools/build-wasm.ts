/**
 * Compiles the kernels of the CPU backend, src/backends/wasm/assembly, to src/backends/wasm/kernels.wasm (not under
 * version control) and, where dist/ is built, copies them there.
 * usage: node --import tsx tools/build-wasm.ts [--if-stale]
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'src/backends/wasm');
const target = join(folder, 'kernels.wasm');

const flags = [
  '--optimizeLevel', '3', '--shrinkLevel', '0', '--converge', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--enable', 'threads',
  // One memory for all instances: weights are there once, whatever the number of threads.
  '--importMemory', '--noExportMemory', '--disableWarning', '112', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536',
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.argv.includes('--if-stale') || isStale()) buildKernels();
  const dist = join(root, 'dist/backends/wasm');
  if (existsSync(dist)) copyFileSync(target, join(dist, 'kernels.wasm'));
  console.log(`kernels.wasm: ${statSync(target).size} bytes`);
}
