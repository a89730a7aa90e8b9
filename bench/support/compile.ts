import { execFile } from 'node:child_process';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The product and the scripts of bench/fresh as plain JavaScript, so that no compiler runs in the process that is measured.
 * Gives the folder, which lies inside the project so that packages are found from there.
 */
export async function compile(folder = join(root, '.cache', 'bench')): Promise<string> {
  const dist = join(folder, 'dist');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await run(process.execPath, [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    join(root, 'tsconfig.json'),
    '--outDir',
    dist,
    '--declaration',
    'false',
    '--noCheck',
  ]);
  await cp(join(root, 'src'), dist, { recursive: true, filter: (source) => !/\.ts$|assembly$/.test(source) });
  await cp(join(root, 'shaders'), join(folder, 'shaders'), { recursive: true });
  const scripts = ['undertone', 'by-hand'].map((name) => join(root, 'bench', 'fresh', `${name}.ts`));
  // Imported late: a packed benchmark carries no bundler. Split, so that what a script imports late is loaded late.
  const { build } = await import('esbuild');
  await build({
    entryPoints: scripts,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'error',
  });
  return folder;
}
