/** The examples run as they stand, on the built package. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
if (!existsSync(new URL('../dist/index.js', import.meta.url))) await run('npm', ['run', 'build'], { cwd: root });

async function example(name: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', `examples/${name}.ts`, ...args], { cwd: root });
  return stdout;
}

test('chunk', async () => {
  assert.match(await example('chunk'), /^speech (0\.\d+|1)\nfemale (0\.\d+|1)\n$/);
});

test('folder to CSV: a row for each file that is audio', async () => {
  const [head, ...rows] = (await example('folder-to-csv', 'samples')).trimEnd().split('\n');
  assert.is(head, 'file,speech,music,other,silence,male,female');
  assert.equal(
    rows.map((row) => row.split(',')[0]),
    ['"call.flac"', '"reading-room.wav"'],
  );
  assert.ok(
    rows.every((row) =>
      row
        .split(',')
        .slice(1)
        .every((share) => Number(share) >= 0 && Number(share) <= 1),
    ),
  );
});

test('microphone: whatever writes raw samples', async () => {
  const text = await example('microphone', 'tail', '-c', '+45', 'samples/reading-room.wav');
  assert.match(text, /^\d+\.\d\d s {2}speech, female$/m);
});

test('speaking time', async () => {
  assert.match(await example('speaking-time'), /^channel 0: \d+ % speech; women speak \d+ % of the time\n$/);
});

test('a model of one’s own', async () => {
  assert.match(
    await example('own-model', 'weights'),
    /^Speech, version \d+: results\.speech is one of music, other, speech$/m,
  );
});

test.run();
