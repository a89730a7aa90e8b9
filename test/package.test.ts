/** The package as a user gets it: packed, installed into an empty folder, called as a command and as a library. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'undertone-'));

test('packed and installed elsewhere it runs', async () => {
  const { stdout: packed } = await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], {
    cwd: root,
    maxBuffer: 1 << 24,
  });
  const report = JSON.parse(packed.slice(packed.search(/^[[{]/m)));
  const [{ filename, files }] = Object.values(report) as { filename: string; files: { path: string }[] }[];
  const paths = files.map(({ path }) => path);
  for (const needed of [
    'dist/index.js',
    'dist/index.d.ts',
    'dist/cli/main.js',
    'weights/speech.model',
    'weights/speech-rt.model',
    'weights/gender.model',
    'README.md',
    'LICENSE',
  ]) {
    assert.ok(paths.includes(needed), `${needed} is missing from the package`);
  }
  assert.equal(
    paths.filter((path) => /^(src|test|tools|bench)\//.test(path)),
    [],
  );

  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  await run('npm', ['install', '--silent', '--prefer-offline', '--no-audit', '--no-fund', join(folder, filename)], {
    cwd: folder,
  });
  await cp(join(root, 'samples/reading-room.wav'), join(folder, 'voice.wav'));

  const { stdout } = await run(join(folder, 'node_modules/.bin/undertone'), ['chunk', 'voice.wav', '--json'], {
    cwd: folder,
  });
  assert.is(JSON.parse(stdout).results.speech.result, 'speech');

  await writeFile(
    join(folder, 'use.js'),
    `import { readFile } from 'node:fs/promises';
     import { Engine } from 'undertone';
     for (const device of ['cpu', 'gpu.js']) {
       const engine = await Engine.create({ device });
       const data = new Uint8Array((await readFile('voice.wav')).subarray(44));
       const { results } = await engine.processAudioChunk({ data, models: [engine.models.Gender] });
       console.log(engine.device.backend, results.gender.result);
       await engine.dispose();
     }`,
  );
  const { stdout: spoken } = await run(process.execPath, ['use.js'], { cwd: folder });
  assert.is(spoken, 'cpu female\ngpu.js female\n');
  const installed = JSON.parse(await readFile(join(folder, 'node_modules/undertone/package.json'), 'utf8'));
  assert.is(installed.bin.undertone, 'dist/cli/main.js');
});

test.after(() => rm(folder, { recursive: true, force: true }));
test.run();
