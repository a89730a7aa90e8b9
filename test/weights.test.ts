/** Where models may come from: the package, a folder, places or bytes by id, the code itself. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { weights as embedded } from '../src/embedded.ts';
import { ArgumentError, Engine, type EngineOptions, ModelFileError, UndertoneError } from '../src/index.ts';
import { sampleVoice } from './support/sample.ts';

const folder = new URL('../weights/', import.meta.url);
const speech = new URL('speech.model', folder);
const voice = await sampleVoice();

async function answerWith(weights: EngineOptions['weights']): Promise<string> {
  await using engine = await Engine.create({ device: 'cpu', threads: 1, weights });
  return JSON.stringify(await engine.processAudioChunk({ data: voice, models: ['Speech'], includeRawValues: true }));
}

const usual = await answerWith(undefined);

test('a folder by path or URL, places and bytes by id, the models in the code: one answer', async () => {
  const bytes = new Uint8Array(await readFile(speech));
  const places: EngineOptions['weights'][] = [
    fileURLToPath(folder),
    folder,
    { speech },
    { Speech: fileURLToPath(speech) },
    { speech: bytes },
    embedded,
  ];
  for (const weights of places) assert.is(await answerWith(weights), usual);
});

test('bytes are copied: what becomes of them later changes nothing', async () => {
  const bytes = new Uint8Array(await readFile(speech));
  const opening = answerWith({ speech: bytes });
  bytes.fill(0);
  assert.is(await opening, usual);
});

test('what is no model, or not there, is refused by name', async () => {
  const refused = async (weights: unknown, kind: new (...given: never[]) => Error, pattern: RegExp) => {
    const error = await Engine.create({ device: 'cpu', weights: weights as string }).then(
      () => assert.unreachable(),
      (reason: Error) => reason,
    );
    assert.instance(error, kind);
    assert.instance(error, UndertoneError);
    assert.match((error as Error).message, pattern);
  };
  await refused('/nowhere', ArgumentError, /^weights: got "\/nowhere", but it must be a folder that can be read/);
  await refused(5, ArgumentError, /^weights: got 5/);
  await refused([], ArgumentError, /^weights: got an array/);
  await refused(new Uint8Array(3), ArgumentError, /^weights: got an object of type Uint8Array/);
  await refused({ speech: 5 }, ArgumentError, /^weights\["speech"\]: got 5/);
  await refused({}, UndertoneError, /holds no model file/);
  await refused({ speech: new Uint8Array([1, 2, 3]) }, ModelFileError, /^speech\.model: /);
  await refused({ gender: embedded.gender }, UndertoneError, /gender\.model names as its gate/);
});

test.run();
