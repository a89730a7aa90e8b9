/** From a fresh process to the first answer, and the memory it then holds; the product compiled, as it is shipped. */
import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ortLabel } from './support/by-hand.ts';
import { compile } from './support/compile.ts';
import { type Context, mustAnswerAlike } from './support/context.ts';
import type { Row } from './support/row.ts';
import { median } from './support/timing.ts';

const run = promisify(execFile);

interface Fresh {
  readonly answer: object;
  readonly importMs: number;
  readonly firstMs: number;
  readonly rssMb: number;
}

export async function firstResultRows(context: Context): Promise<Row[]> {
  const { weights, onnx } = context.settings;
  const folder = context.settings.compiled ?? (await compile());
  const dist = join(folder, 'dist');
  const pcm = join(await mkdtemp(join(tmpdir(), 'undertone-bench-')), 'voice.s16');
  await writeFile(pcm, Buffer.from((await context.voice(1)).buffer));
  const starts: Record<string, string[]> = {};
  for (const { name, timed } of await context.devices())
    if (timed) starts[name] = [join(folder, 'undertone.mjs'), dist, weights, pcm, name];
  const peer = `meyda and ${ortLabel}`;
  starts[peer] = [join(folder, 'by-hand.mjs'), onnx, pcm, JSON.stringify(await context.decisions())];

  const results: Record<string, Fresh[]> = Object.fromEntries(Object.keys(starts).map((label) => [label, []]));
  for (let round = 0; round < (context.quick ? 3 : 9); round++) {
    for (const [label, args] of Object.entries(starts)) {
      const { stdout } = await run(process.execPath, args);
      results[label].push(JSON.parse(stdout) as Fresh);
    }
  }
  const rows: Row[] = [];
  for (const [label, runs] of Object.entries(results)) {
    mustAnswerAlike(
      `a fresh process, ${label}`,
      JSON.stringify(runs[0].answer),
      JSON.stringify(results[peer][0].answer),
    );
    const middle = (pick: (fresh: Fresh) => number): number => median(runs.map(pick));
    const prefix = label === peer ? 'peer-' : '';
    rows.push({ name: `${prefix}first-result-ms`, value: middle(({ firstMs }) => firstMs), unit: 'ms', device: label });
    rows.push({ name: `${prefix}import-ms`, value: middle(({ importMs }) => importMs), unit: 'ms', device: label });
    rows.push({ name: `${prefix}rss-mb`, value: middle(({ rssMb }) => rssMb), unit: 'MB', device: label });
  }
  return rows;
}
