import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hexadecimal } from '../../src/models/model-file.ts';
import { platform } from '../../src/platform/index.ts';
import { fileName, fileStem } from '../../src/platform/paths.ts';

const folder = mkdtempSync(join(tmpdir(), 'undertone-platform-'));
const file = join(folder, 'b.txt');
writeFileSync(file, '0123456789');
writeFileSync(join(folder, 'a.txt'), '');

test('names of files', () => {
  for (const [path, name, stem] of [
    ['a/b.wav', 'b.wav', 'b'],
    ['b.tar.gz', 'b.tar.gz', 'b.tar'],
    ['C:\\sounds\\b.wav', 'b.wav', 'b'],
    ['/a/.hidden', '.hidden', '.hidden'],
    ['plain', 'plain', 'plain'],
    ['a.b/plain', 'plain', 'plain'],
  ]) {
    assert.is(fileName(path), name);
    assert.is(fileStem(path), stem);
  }
});

test('a hash is SHA-256', () => {
  // FIPS 180-2, B.1.
  assert.is(
    hexadecimal(platform.sha256(new TextEncoder().encode('abc'))),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

test('a file is read at any place, by path and by URL', async () => {
  for (const place of [file, pathToFileURL(file)]) {
    assert.is(platform.nameOf(place), file);
    const opened = await platform.openFile(place);
    assert.is(opened.size, 10);
    const target = new Uint8Array(4);
    assert.is(await opened.read(target, 8), 2);
    assert.is(await opened.read(target, 3), 4);
    assert.is(new TextDecoder().decode(target), '3456');
    await opened.close();
  }
});

test('what cannot be opened says why', async () => {
  const reason = (path: string) =>
    platform.openFile(path).then(
      () => 'opened',
      (error: Error) => error.message,
    );
  assert.is(await reason(join(folder, 'none')), 'there is no such file');
  assert.is(await reason(folder), 'it is a folder, not a file');
});

test('a folder is listed by name', async () => {
  assert.equal(await platform.listFolder(folder), [
    { name: 'a.txt', path: join(folder, 'a.txt') },
    { name: 'b.txt', path: file },
  ]);
});

test('a thread is told, tells, and ends', async () => {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  const told = await new Promise<number>((resolve, reject) => {
    const thread = platform.startThread(
      { source: '({ shared }, tell) => { shared[0] = 7; tell(); }', data: { shared } },
      { onTold: () => resolve(shared[0]), onEnd: reject },
    );
    thread.hold(true);
  });
  assert.is(told, 7);
  const cause = await new Promise((resolve) => {
    platform.startThread({ source: '() => { throw new Error("no"); }', data: {} }, { onTold() {}, onEnd: resolve });
  });
  assert.match(String(cause), /no/);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
