import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { validate } from 'dockerfile-utils';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { settings, variableOf } from '../src/settings.ts';

const test = suite('images');
const root = new URL('../../', import.meta.url);
const read = (name: string) => readFileSync(new URL(`../docker/${name}`, import.meta.url), 'utf8');
const variables = new Set(Object.keys(settings).map(variableOf));

for (const name of ['Dockerfile', 'Dockerfile.gpu']) {
  test(`${name} is well formed, and all that it names is there`, () => {
    const text = read(name);
    assert.equal(validate(text), []);
    for (const [, path = ''] of text.matchAll(/^COPY --from=build \/build\/(\S+)/gm)) {
      const made = /(^|\/)(dist|node_modules)$/.test(path);
      assert.ok(made || existsSync(new URL(path, root)), path);
    }
    const [, bin = ''] = /CMD \["node", "(server\/bin\/[^"]+)"\]/.exec(text) ?? [];
    assert.ok(existsSync(new URL(bin, root)), bin);
    for (const [variable] of text.matchAll(/UNDERTONE_[A-Z_]+/g)) assert.ok(variables.has(variable), variable);
    assert.match(text, /^USER node$/m);
    assert.not.match(text, /FROM \S+:latest|FROM [^:\s]+(\s|$)/m);
  });
}

test('the check sees what is wrong', () => {
  assert.ok(validate('FORM node:22\nRUN x').length > 0);
});

test('the images differ in what a GPU needs alone', () => {
  const lines = (name: string) =>
    read(name)
      .split('\n')
      .filter((line) => line.startsWith('COPY') || line.startsWith('CMD'));
  assert.equal(lines('Dockerfile'), lines('Dockerfile.gpu'));
});

test('compose.yaml names what there is', () => {
  const { services, volumes } = parse(read('compose.yaml'), { strict: true, uniqueKeys: true });
  assert.equal(Object.keys(services), ['server', 'worker', 'redis']);
  for (const service of Object.values<Record<string, never>>(services)) {
    assert.ok(service['image']);
    for (const variable of Object.keys(service['environment'] ?? {})) assert.ok(variables.has(variable), variable);
    for (const volume of service['volumes'] ?? []) assert.ok(String(volume).split(':')[0] ?? '' in volumes);
    for (const other of Object.keys(service['depends_on'] ?? {})) assert.ok(services[other]?.healthcheck, other);
  }
  assert.ok(existsSync(fileURLToPath(new URL(services.worker.command[1], root))));
  assert.is(services.server.build.dockerfile, 'server/docker/Dockerfile');
});

test.run();
