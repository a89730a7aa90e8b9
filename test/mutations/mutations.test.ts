/** The list of faults is true to the sources: each stands for one place, and for tests that are there. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mutations } from './index.ts';

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));

test('the text of each fault stands in its file exactly once', () => {
  const wrong = mutations.flatMap(({ file, text }) => {
    const places = readFileSync(path(file), 'utf8').split(text).length - 1;
    return places === 1 ? [] : [`${file}: "${text}" stands there ${places} times`];
  });
  assert.equal(wrong, []);
});

test('no fault is listed twice, and each changes something', () => {
  const keys = mutations.map(({ file, text, replacement }) => JSON.stringify([file, text, replacement]));
  assert.is(new Set(keys).size, keys.length);
  assert.ok(mutations.every(({ text, replacement }) => text !== replacement));
});

test('the tests that must notice them are there', () => {
  const files = new Set(mutations.flatMap(({ tests }) => tests));
  assert.equal(
    [...files].filter((file) => !existsSync(path(file))),
    [],
  );
});

test.run();
