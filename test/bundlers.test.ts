/** A small server, bundled by those who bundle, runs in a folder that holds nothing else. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build as esbuild } from 'esbuild';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { build as vite } from 'vite';
import webpack from 'webpack';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'undertone-bundle-'));

/** One request is answered, then the server ends. */
const server = (importWeights: string, options: string) => `
import { createServer } from 'node:http';
import { Engine } from 'undertone';
${importWeights}
const engine = await Engine.create({ device: 'cpu'${options} });
const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const output = await engine.processFile(new Uint8Array(Buffer.concat(parts)), {
    models: [engine.models.Speech, engine.models.Gender], includeSummary: true, channel: 0,
  });
  response.end(JSON.stringify(output.channels[0].summary.speech));
  server.close();
  await engine.dispose();
});
server.listen(0, '127.0.0.1', async () => {
  const audio = await (await import('node:fs/promises')).readFile(process.argv[2]);
  const answer = await fetch('http://127.0.0.1:' + server.address().port, { method: 'POST', body: audio });
  console.log(await answer.text());
});
`;
const embedded = server(`import { weights } from 'undertone/embedded';`, ', weights');
const beside = server('', '');

/** A project that has the package installed, as a link. */
async function project(name: string, source: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, 'node_modules'), { recursive: true });
  await symlink(root, join(path, 'node_modules/undertone'), 'dir');
  await writeFile(join(path, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  await writeFile(join(path, 'server.js'), source);
  return path;
}

async function answers(out: string, entry: string): Promise<void> {
  const sample = join(root, 'samples/call.flac');
  const { stdout } = await run(process.execPath, [join(out, entry), sample], { cwd: out, timeout: 60_000 });
  assert.ok(JSON.parse(stdout).speech_fraction > 0.3, stdout);
}

test('esbuild, models in the code: one file', async () => {
  const path = await project('esbuild', embedded);
  const out = join(folder, 'esbuild-out');
  await esbuild({
    entryPoints: [join(path, 'server.js')],
    outfile: join(out, 'server.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  assert.equal(await readdir(out), ['server.mjs']);
  await answers(out, 'server.mjs');
});

test('vite, a server (SSR), models in the code', async () => {
  const path = await project('vite', embedded);
  const out = join(folder, 'vite-out');
  await vite({
    root: path,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: 'server.js',
      outDir: out,
      target: 'node20',
      rollupOptions: { output: { entryFileNames: 'server.mjs' } },
    },
  });
  await answers(out, 'server.mjs');
});

test('webpack: model files are found by their literal URLs and laid beside the bundle', async () => {
  const path = await project('webpack', beside);
  const out = join(folder, 'webpack-out');
  const compiler = webpack({
    mode: 'production',
    target: 'node20',
    entry: join(path, 'server.js'),
    experiments: { outputModule: true },
    output: { path: out, filename: 'server.mjs', module: true, chunkFormat: 'module' },
    performance: { hints: false },
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  const { errors, warnings = [] } = stats?.toJson({ all: false, errors: true, warnings: true }) ?? {};
  assert.equal(errors, []);
  // A decoder's helper for threads, which is never called, asks for modules by expressions.
  assert.equal(
    warnings.filter(({ moduleName }) => !moduleName?.includes('@eshaz/web-worker')),
    [],
  );
  assert.ok((await readdir(out)).filter((file) => file.endsWith('.model')).length >= 2, String(await readdir(out)));
  await answers(out, 'server.mjs');
});

test.after(() => rm(folder, { recursive: true, force: true }));
test.run();
