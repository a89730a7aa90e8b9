/** What must hold for the process: no crash over many rounds, an exit by itself, no driver needed by CPU users, shader errors that point. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GpuDevice } from '../../src/backends/webgpu/device.ts';
import { held, openWebGPU, probeWebGPU } from '../../src/backends/webgpu/index.ts';
import type { Dispatch, Places } from '../../src/backends/webgpu/lowered.ts';
import { ParamsLayout, pageSize } from '../../src/backends/webgpu/params.ts';
import { loadShader, writeParams } from '../../src/backends/webgpu/shaders.ts';
import { DeviceUnavailableError, ShaderError } from '../../src/errors.ts';
import { webgpuForTests } from '../support/webgpu.ts';

const backend = await webgpuForTests();
const gpuTest = backend ? test : test.skip;

/** Runs a script in a process of its own; gives how it ended and what it printed. */
function runScript(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; signal: string | null; text: string }> {
  const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', ...args], {
    env: { ...process.env, ...env },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, text })));
}

gpuTest('200 rounds of create, run and dispose with forced collection; the process ends by itself', async () => {
  const script = fileURLToPath(new URL('../support/webgpu-rounds.ts', import.meta.url));
  const { code, signal, text } = await runScript([script, '200']);
  assert.is(signal, null, text);
  assert.is(code, 0, text);
  assert.match(text, /^done$/m);
});

test('without a driver: an error that says how to get one, and nothing from the loader on the screen', async () => {
  const module = new URL('../../src/backends/webgpu/index.ts', import.meta.url).href;
  const script = `import('${module}').then(({ openWebGPU }) => openWebGPU()).catch((error) => console.log(error.name, error.message))`;
  const { code, text } = await runScript(['-e', script], { VK_DRIVER_FILES: '/nowhere/icd.json' });
  if (process.platform === 'linux')
    assert.match(
      text,
      /^DeviceUnavailableError device "webgpu" is not available: VK_DRIVER_FILES names .*libvulkan1.*\n$/,
    );
  assert.is(code, 0);
});

const report = backend && (await probeWebGPU())[0];
const softwareTest = report?.software ? test : test.skip;

gpuTest('the probe says whether an adapter would be used without leave', () => {
  assert.is(report!.used, !report!.software);
});

softwareTest('a software adapter is used only where that was allowed', async () => {
  const error = await openWebGPU().catch((reason: unknown) => reason as Error);
  assert.instance(error, DeviceUnavailableError);
  assert.match((error as Error).message, /computes in software/);
  assert.is((await probeWebGPU({ allowSoftware: true }))[0].used, true);
});

test('the null backend opens anywhere; what create() returned is held', async () => {
  const own = await openWebGPU({ adapterBackend: 'null', allowSoftware: true });
  assert.ok(held.has('backend=null'));
  own.dispose();
});

test('a shader error points at file, line and column, also into a file that is used', async () => {
  const device = await GpuDevice.open({ adapterBackend: 'null', allowSoftware: true });
  const shader = loadShader('direct.wgsl');
  const lines = shader.source.split('\n');
  const at = lines.findIndex((line) => line.startsWith('fn activate('));
  const own = lines.findIndex((line) => line.includes('fn wide('));
  for (const [place, file] of [
    [at, 'activation.wgsl'],
    [own, 'direct.wgsl'],
  ] as const) {
    const source = lines.map((line, i) => (i === place ? `let oops = 1;` : line)).join('\n');
    const error = await device.module({ ...shader, source }).catch((reason: unknown) => reason);
    assert.instance(error, ShaderError);
    const { file: named, line, column } = error as ShaderError;
    assert.is(named, file);
    assert.is(loadShader(file).source.split('\n')[line - 1], lines[place]);
    assert.ok(column >= 1);
  }
  const wrong = await device
    .pipeline({ file: 'rows.wgsl', entry: 'main', constants: { NONSENSE: 1 } })
    .catch((reason: unknown) => reason as Error);
  assert.instance(wrong, ShaderError);
  assert.match((wrong as Error).message, /shaders\/rows\.wgsl.*NONSENSE/s);
  device.destroy();
});

test('parameters are written by name, and none may be missing or unknown', () => {
  const shader = loadShader('unary.wgsl');
  const words = new Uint32Array(64);
  writeParams(shader, { count: 3, y: 2, x: 1 }, words);
  assert.equal([...words.subarray(0, 3)], [1, 2, 3]);
  assert.throws(() => writeParams(shader, { x: 1, y: 2 }, words), /needs 1 words for count/);
  assert.throws(() => writeParams(shader, { x: 1, y: 2, count: 3, z: 4 }, words), /has no z/);
  assert.is(loadShader('reduce.wgsl').params.find(({ name }) => name === 'x')!.offset, 48);
});

test('parameters of many steps share pages; each step is told which are its own', () => {
  const step = (file: string, jobs: number): Dispatch => ({
    node: file,
    kernel: { file, entry: 'main', constants: { LANES: 64 } },
    grid: [1, 1, 1],
    reads: [],
    writes: [],
    jobs: Array.from(
      { length: jobs },
      () => () => Object.fromEntries(loadShader(file).params.map(({ name }) => [name, file.length])),
    ),
  });
  const steps = Array.from({ length: 200 }, (_, i) =>
    step(i % 9 === 4 ? 'gru.wgsl' : i % 9 === 7 ? 'unary.wgsl' : 'rows.wgsl', i % 9 === 7 ? 1 : 1 + (i % 4)),
  );
  const layout = new ParamsLayout(steps);
  const words = layout.pack([{} as Places, {} as Places]);
  const taken = new Set<number>();
  const pages = new Set<number>();
  for (const mode of [0, 1]) {
    steps.forEach(({ kernel, jobs }, i) => {
      const { stride, capacity } = loadShader(kernel.file);
      const first = layout.kernel(i).constants.FIRST ?? 0;
      const page = layout.page(i, mode);
      assert.is(page % 256, 0);
      assert.ok(page + pageSize <= words.byteLength, 'a page ends within the buffer');
      assert.ok(first + jobs.length <= capacity, `step ${i}: ${first}`);
      if (kernel.file !== 'unary.wgsl') pages.add(page);
      for (let at = page + first * stride; at < page + (first + jobs.length) * stride; at += 16) {
        assert.not(taken.has(at), `step ${i} lies where another does`);
        taken.add(at);
      }
      assert.is(words[(page + (first + jobs.length - 1) * stride) / 4], kernel.file.length);
    });
  }
  const shared = steps.filter(({ kernel }) => kernel.file !== 'unary.wgsl').length;
  assert.ok(pages.size > 2 && pages.size < shared / 10, `${pages.size} pages`);
});

test.after(() => backend?.dispose());
test.run();
