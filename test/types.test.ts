/** The package's types, in projects with and without the DOM library and Node's types: right uses compile, wrong ones do not. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'undertone-types-'));
await mkdir(join(folder, 'node_modules/@types'), { recursive: true });
await symlink(root, join(folder, 'node_modules/undertone'), 'dir');
for (const name of ['node', '../undici-types'])
  await symlink(join(root, 'node_modules/@types', name), join(folder, 'node_modules/@types', name), 'dir');
await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
await copyFile(join(root, 'test/types/uses.ts'), join(folder, 'uses.ts'));
/** What the compiler says of uses.ts. `console` is declared where no library does. */
async function compiled(lib: string[], types: string[]): Promise<string> {
  const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true };
  const modules = { target: 'es2022', module: 'nodenext', moduleResolution: 'nodenext' };
  const files = ['uses.ts', 'console.d.ts'];
  const declared = lib.includes('dom') || types.includes('node');
  await writeFile(
    join(folder, 'console.d.ts'),
    declared ? '' : 'declare const console: { log(value: unknown): void };',
  );
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...modules, ...strict, lib, types }, files }),
  );
  const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { cwd: folder }).catch(
    (error) => error,
  );
  return stdout;
}

test('without any types but the language’s own', async () => assert.is(await compiled(['es2022'], []), ''));

test('with the DOM library', async () => assert.is(await compiled(['es2022', 'dom', 'dom.iterable'], []), ''));

test('with the newest library of the language', async () => assert.is(await compiled(['esnext'], []), ''));

test('with Node’s types', async () => assert.is(await compiled(['es2022'], ['node']), ''));

test.after(() => rm(folder, { recursive: true, force: true }));
test.run();
