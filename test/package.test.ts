/** The package as a user gets it: packed, installed into an empty folder, called as a command and as a library. */
import { type ExecFileOptions, execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

/** As from a shell: what `npm test` puts into the environment would speak of this project to other commands. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|COLOR/i.test(name)));
const run = (command: string, args: string[], options: Omit<ExecFileOptions, 'encoding'> = {}) =>
  promisify(execFile)(command, args, { env, ...options, encoding: 'utf8' });
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'undertone-'));

const { stdout: packed } = await run(
  'npm',
  ['pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', folder],
  {
    cwd: root,
    maxBuffer: 1 << 24,
  },
);
const report = JSON.parse(packed.slice(packed.search(/^[[{]/m)));
const [{ filename, files }] = Object.values(report) as { filename: string; files: { path: string }[] }[];
const tarball = join(folder, filename);
await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
const install = await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], { cwd: folder });
const modules = join(folder, 'node_modules');

async function bytesOf(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Of all packages that were installed. */
async function manifests(): Promise<{ name: string; scripts?: Record<string, string> }[]> {
  const lock = JSON.parse(await readFile(join(modules, '.package-lock.json'), 'utf8')) as { packages: object };
  const paths = Object.keys(lock.packages).map((path) => join(folder, path, 'package.json'));
  return Promise.all(paths.map(async (path) => JSON.parse(await readFile(path, 'utf8'))));
}

test('the package holds what it needs, and no sources', () => {
  const paths = files.map(({ path }) => path);
  for (const needed of [
    'dist/index.js',
    'dist/index.d.ts',
    'dist/embedded.js',
    'dist/cli/main.js',
    'docs/undertone.1',
    'weights/speech.model',
    'weights/speech-rt.model',
    'weights/gender.model',
    'README.md',
    'LICENSE',
    'THIRD_PARTY.md',
  ]) {
    assert.ok(paths.includes(needed), `${needed} is missing from the package`);
  }
  assert.equal(
    paths.filter((path) => /^(src|test|tools|bench|server|examples)\//.test(path)),
    [],
  );
});

test('an install is at most 15 MB and 26 packages, without warnings, install scripts or the GPU package', async () => {
  assert.not.match(install.stderr, /warn/i);
  const installed = await manifests();
  assert.ok(installed.length <= 26, installed.map(({ name }) => name).join());
  assert.not.ok(installed.some(({ name }) => name === 'webgpu'));
  for (const { name, scripts = {} } of installed)
    assert.not.ok(scripts.preinstall ?? scripts.install ?? scripts.postinstall, `${name} has an install script`);
  const megabytes = (await bytesOf(modules)) / 1e6;
  assert.ok(megabytes <= 15, `${megabytes} MB`);
});

test('the command and the library answer', async () => {
  await cp(join(root, 'samples/reading-room.wav'), join(folder, 'voice.wav'));
  const { stdout } = await run(join(modules, '.bin/undertone'), ['chunk', 'voice.wav', '--json'], { cwd: folder });
  assert.is(JSON.parse(stdout).results.speech.result, 'speech');

  await writeFile(
    join(folder, 'use.js'),
    `import { readFile } from 'node:fs/promises';
     import { Engine } from 'undertone';
     import { weights } from 'undertone/embedded';
     for (const options of [{ device: 'cpu' }, { device: 'cpu', weights }, { device: 'gpu.js' }]) {
       const engine = await Engine.create(options);
       const data = new Uint8Array((await readFile('voice.wav')).subarray(44));
       const { results } = await engine.processAudioChunk({ data, models: [engine.models.Gender] });
       console.log(engine.device.backend, results.gender.result);
       await engine.dispose();
     }
     await Engine.create({ device: 'webgpu' }).catch((error) => console.log(error.message));`,
  );
  const { stdout: spoken } = await run(process.execPath, ['use.js'], {
    cwd: folder,
    env: { ...env, VK_DRIVER_FILES: process.execPath },
  });
  assert.match(
    spoken,
    /^cpu female\ncpu female\ngpu\.js female\ndevice "webgpu" is not available: .*npm install webgpu/,
  );
});

test('require gives the same library', async () => {
  await writeFile(join(folder, 'use.cjs'), "console.log(Object.keys(require('undertone')).includes('Engine'))");
  const { stdout } = await run(process.execPath, ['use.cjs'], { cwd: folder });
  assert.is(stdout, 'true\n');
});

test('publint and are-the-types-wrong have nothing to say', async () => {
  const lint = await run('npx', ['publint', tarball, '--strict'], { cwd: root });
  assert.match(lint.stdout, /All good!/);
  // The layout would go by the width of a terminal. For ES modules only, as the package is; `require` of one works from Node 20.19 on.
  const types = await run('npx', ['attw', tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-emoji'], {
    cwd: root,
  });
  for (const entry of ['undertone', 'undertone/embedded'])
    assert.match(types.stdout, new RegExp(`"${entry}"\\s+node16 \\(from ESM\\): OK \\(ESM\\)\\s+bundler: OK`));
});

test.after(() => rm(folder, { recursive: true, force: true }));
test.run();
