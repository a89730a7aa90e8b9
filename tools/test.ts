/**
 * Runs the tests with uvu and closes with the line `N passed, N failed`.
 * usage: node --import tsx tools/test.ts [PATTERN]
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const uvu = fileURLToPath(new URL('../node_modules/uvu/bin.js', import.meta.url));
const pattern = process.argv[2] ?? String.raw`\.test\.ts$`;
const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', uvu, 'test', pattern], {
  stdio: ['inherit', 'pipe', 'inherit'],
});
let text = '';
child.stdout.on('data', (chunk: Buffer) => {
  process.stdout.write(chunk);
  text += chunk.toString();
});
child.on('close', (code, signal) => {
  const count = (label: string): number => Number(new RegExp(`${label}:\\s+(\\d+)`).exec(text)?.[1] ?? NaN);
  const [total, passed] = [count('Total'), count('Passed')];
  if (Number.isNaN(total)) {
    console.error(`the test run ended before its summary (${signal ?? `exit code ${code}`})`);
    process.exit(1);
  }
  const crashed = code !== 0 && total === passed;
  if (crashed) console.error(`every test passed, yet the run ended with ${signal ?? `exit code ${code}`}`);
  console.log(`${passed} passed, ${total - passed + (crashed ? 1 : 0)} failed`);
  process.exit(code === 0 && total === passed ? 0 : 1);
});
