import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandStore, FolderStore, openStore, putText, type Store } from '../src/jobs/store.ts';

const test = suite('where results lie');
const folder = mkdtempSync(join(tmpdir(), 'undertone-store-'));
test.after(() => rmSync(folder, { recursive: true }));

/** A store of one folder, as a program: what a few lines around an object store's own tool would be. */
const program = join(folder, 'store.sh');
writeFileSync(
  program,
  `#!/bin/sh
cd "${folder}/objects" || exit 1
name=$(echo "$2" | tr / _)
case $1 in
  put) cat >"$name.part" && mv "$name.part" "$name" ;;
  get) [ -e "$name" ] || exit 44; cat "$name" ;;
  has) [ -e "$name" ] || exit 44 ;;
  remove) rm -f "$name" ;;
esac
`,
);
chmodSync(program, 0o755);
mkdirSync(join(folder, 'objects'));

const stores: [string, Store][] = [
  ['a folder', openStore(join(folder, 'plain'))],
  ['a program', openStore(`command:${program}`)],
];

for (const [what, store] of stores) {
  test(`${what} keeps, gives and forgets`, async () => {
    const large = Buffer.alloc(3_000_000, 'undertone ');
    assert.is(await store.has('jobs/a.json'), false);
    assert.is(await store.get('jobs/a.json'), undefined);
    await store.put('jobs/a.json', Readable.from([large]));
    assert.is(await store.has('jobs/a.json'), true);
    assert.equal(await store.get('jobs/a.json'), large);
    await store.fetch('jobs/a.json', join(folder, 'copy'));
    assert.equal(readFileSync(join(folder, 'copy')), large);
    await putText(store, 'jobs/a.json', 'anew');
    assert.is((await store.get('jobs/a.json'))?.toString(), 'anew');
    await store.remove('jobs/a.json');
    await store.remove('jobs/a.json');
    assert.is(await store.has('jobs/a.json'), false);
    let fault = '';
    await store.fetch('jobs/a.json', join(folder, 'copy')).catch((error) => (fault = String(error)));
    assert.ok(fault);
  });

  test(`${what} has nothing of what broke off`, async () => {
    const broken = Readable.from(
      (function* () {
        yield 'the first half';
        throw new Error('the line broke');
      })(),
    );
    let fault = '';
    await store.put('jobs/b.json', broken).catch((error) => (fault = String(error)));
    assert.match(fault, /the line broke/);
    assert.is(await store.has('jobs/b.json'), false);
    if (store instanceof FolderStore) assert.equal(readdirSync(join(folder, 'plain', 'parts')), []);
  });
}

test('a program that fails says why', async () => {
  const failing = join(folder, 'failing.sh');
  writeFileSync(failing, '#!/bin/sh\necho "no such bucket" >&2\nexit 3\n');
  chmodSync(failing, 0o755);
  const store = new CommandStore(failing);
  for (const call of [() => store.has('x'), () => store.get('x'), () => putText(store, 'x', 'y'.repeat(1_000_000))]) {
    let fault = '';
    await call().catch((error: Error) => (fault = error.message));
    assert.match(fault, /ended with 3: no such bucket/);
  }
  let fault = '';
  await new CommandStore(join(folder, 'not-there')).has('x').catch((error: Error) => (fault = error.message));
  assert.match(fault, /ENOENT/);
});

test('a disk that is full: an error, and nothing half of it', async () => {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
  try {
    const store = new FolderStore(disk);
    await putText(store, 'jobs/small.json', '{}');
    let code = '';
    await putText(store, 'jobs/large.json', 'x'.repeat(100_000)).catch(
      (error: NodeJS.ErrnoException) => (code = error.code ?? ''),
    );
    assert.is(code, 'ENOSPC');
    assert.equal(readdirSync(join(disk, 'jobs')), ['small.json']);
  } finally {
    execFileSync('umount', [disk]);
  }
});

test.run();
