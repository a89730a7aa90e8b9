/** From a fresh process to the first answer, and the memory it then holds; the product compiled, as it is shipped. */
import { execFile } from 'node:child_process';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { ortLabel } from './support/by-hand.ts';
import { type Context, mustAnswerAlike } from './support/context.ts';
import type { Row } from './support/row.ts';
import { median } from './support/timing.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
/** Inside the project, so that packages are found from there. */
const folder = join(root, '.cache', 'bench');

interface Fresh {
  readonly answer: object;
  readonly importMs: number;
  readonly firstMs: number;
  readonly rssMb: number;
}

export async function firstResultRows(context: Context): Promise<Row[]> {
  const { weights, onnx } = context.settings;
  const dist = await compile();
  const pcm = join(folder, 'voice.s16');
  await writeFile(pcm, Buffer.from((await context.voice(1)).buffer));
  const starts: Record<string, string[]> = {};
  for (const { name, timed } of await context.devices()) if (timed) starts[name] = [join(folder, 'undertone.mjs'), dist, weights, pcm, name];
  const peer = `meyda and ${ortLabel}`;
  starts[peer] = [join(folder, 'by-hand.mjs'), onnx, pcm, JSON.stringify(await context.decisions())];

  const results: Record<string, Fresh[]> = Object.fromEntries(Object.keys(starts).map((label) => [label, []]));
  for (let round = 0; round < (context.quick ? 3 : 9); round++) {
    for (const [label, args] of Object.entries(starts)) {
      const { stdout } = await run(process.execPath, args);
      results[label]!.push(JSON.parse(stdout) as Fresh);
    }
  }
  const rows: Row[] = [];
  for (const [label, runs] of Object.entries(results)) {
    mustAnswerAlike(`a fresh process, ${label}`, JSON.stringify(runs[0]!.answer), JSON.stringify(results[peer]![0]!.answer));
    const middle = (pick: (fresh: Fresh) => number): number => median(runs.map(pick));
    const prefix = label === peer ? 'peer-' : '';
    rows.push({ name: `${prefix}first-result-ms`, value: middle(({ firstMs }) => firstMs), unit: 'ms', device: label });
    rows.push({ name: `${prefix}import-ms`, value: middle(({ importMs }) => importMs), unit: 'ms', device: label });
    rows.push({ name: `${prefix}rss-mb`, value: middle(({ rssMb }) => rssMb), unit: 'MB', device: label });
  }
  return rows;
}

/** The product and the two scripts as plain JavaScript, so that no compiler runs in the process that is measured. */
async function compile(): Promise<string> {
  const dist = join(folder, 'dist');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(root, 'tsconfig.json'), '--outDir', dist, '--declaration', 'false']);
  await cp(join(root, 'src'), dist, { recursive: true, filter: (source) => !/\.ts$|assembly$/.test(source) });
  await cp(join(root, 'shaders'), join(folder, 'shaders'), { recursive: true });
  const scripts = ['undertone', 'by-hand'].map((name) => join(root, 'bench', 'fresh', `${name}.ts`));
  // Split, so that what a script imports late is loaded late.
  await build({ entryPoints: scripts, outdir: folder, outExtension: { '.js': '.mjs' }, bundle: true, splitting: true, format: 'esm', platform: 'node', packages: 'external', logLevel: 'error' });
  return dist;
}
