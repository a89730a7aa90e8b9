/**
 * The answers are, to the byte, those written down in test/fixtures/answers. A change of weights or of a rule changes them
 * on purpose: `node --import tsx test/answers/write.ts` writes them anew, and the diff shows what changed.
 */
import { readFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { answersForFiles, answersForStream } from './answers.ts';

const written = (name: string) => readFile(new URL(`../fixtures/answers/${name}`, import.meta.url), 'utf8');

test('files and chunks are answered as before', async () => {
  const expected = JSON.parse(await written('files.json')) as Record<string, unknown>;
  const names: string[] = [];
  for await (const [name, json] of answersForFiles()) {
    names.push(name);
    assert.is(json, JSON.stringify(expected[name]), name);
  }
  assert.equal(names, Object.keys(expected));
});

test('a long stream is answered as before', async () => {
  const lines = (await answersForStream()).split('\n');
  const expected = (await written('stream.jsonl')).trimEnd().split('\n');
  assert.is(lines.length, expected.length);
  lines.forEach((line, i) => assert.is(line, expected[i], `period ${i}`));
});

test.run();
