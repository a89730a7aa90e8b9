/**
 * Runs each test file in a process of its own, one after the other since they listen and start services, and closes with the
 * line `N passed, N failed`. A file that crashes, hangs or tests nothing counts as failed.
 * usage: node --import tsx tools/test.ts [PATTERN]
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../test/', import.meta.url));
const pattern = new RegExp(process.argv[2] ?? '');
const longestMs = 600_000;
let [passed, failed] = [0, 0];
for (const file of readdirSync(folder).filter((name) => name.endsWith('.test.ts') && pattern.test(name))) {
  const start = performance.now();
  const { text, ended } = await run(file);
  const count = (label: string): number => Number(new RegExp(`${label}:\\s+(\\d+)`).exec(text)?.[1] ?? 0);
  const [total, good] = [count('Total'), count('Passed')];
  const lost = total === 0 || (ended !== 0 && total === good) ? 1 : 0;
  passed += good;
  failed += total - good + lost;
  console.log(`${file}  ${((performance.now() - start) / 1000).toFixed(1)} s${text.replace(/\n\s+Total:[\s\S]*/, '')}`);
  if (lost) console.log(`${file} ended with ${ended}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(passed > 0 && failed === 0 ? 0 : 1);

function run(file: string): Promise<{ text: string; ended: number | NodeJS.Signals | null }> {
  const options = { stdio: ['ignore', 'pipe', 'inherit'] as ['ignore', 'pipe', 'inherit'], timeout: longestMs };
  const child = spawn(process.execPath, ['--import', 'tsx', `${folder}${file}`], options);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ text, ended: code ?? signal })));
}
