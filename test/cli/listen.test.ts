import { readFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sampleVoice } from '../support/sample.ts';
import { call, has, isRefusal, undertone, voice } from './run.ts';

const samples = await sampleVoice();
const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
const lines = (
  text: string,
): { timestamp: number; channel?: number; results: Record<string, { result: string; confidence: number }> }[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('listen: the same periods as the file, from s16le and from f32le bytes', async () => {
  const floats = Float32Array.from(samples, (sample) => sample / 32768);
  const [file, s16, f32] = await Promise.all([
    undertone(['analyze', voice, '-f', 'json', '--period', '512']),
    undertone(['listen', '--json'], { input: bytes }),
    undertone(['listen', '--json', '--encoding', 'f32le'], { input: new Uint8Array(floats.buffer) }),
  ]);
  assert.equal([s16.code, s16.err, f32.code], [0, '', 0]);
  assert.equal(lines(s16.out), JSON.parse(file.out).channels[0].time_series);
  assert.equal(lines(f32.out), lines(s16.out));
});

test('listen: a file on standard input is noticed and decoded', async () => {
  const [file, flac] = await Promise.all([
    undertone(['analyze', call, '-f', 'json', '--period', '512']),
    undertone(['listen', '--json', '--rate', '8000'], { input: await readFile(call) }),
  ]);
  assert.equal([flac.code, flac.err], [0, 'standard input is FLAC, which is decoded\n']);
  assert.equal(lines(flac.out), JSON.parse(file.out).channels[0].time_series);
});

test('listen: text to read, changes only, several channels', async () => {
  const doubled = Int16Array.from({ length: 2 * samples.length }, (_, i) => (i % 2 ? 0 : samples[i >> 1]));
  const [text, changes, two] = await Promise.all([
    undertone(['listen', '--raw'], { input: bytes }),
    undertone(['listen', '--changes', '--json', '--models', 'speech'], { input: bytes }),
    undertone(['listen', '--channels', '2', '--json'], { input: new Uint8Array(doubled.buffer) }),
  ]);
  has(text.out, /^ +0:00\.51 {2}speech +[01]\.\d\d .*music 0\.\d\d.*(male|female|unknown) .*female (0\.\d\d|1\.00)/m);
  const results = lines(changes.out).map(({ results }) => results.speech.result);
  results.slice(1).forEach((result, i) => assert.is.not(result, results[i]));
  assert.equal(new Set(lines(two.out).map(({ channel }) => channel)), new Set([0, 1]));
  assert.ok(
    lines(two.out)
      .filter(({ channel }) => channel === 1)
      .every(({ results }) => results.speech.result === 'silence'),
  );
});

test('listen: nothing heard is nothing said; a rate or period without sense is refused', async () => {
  const [empty, rate, period] = await Promise.all([
    undertone(['listen'], { input: new Uint8Array(100) }),
    undertone(['listen', '--rate', '4000'], { input: bytes }),
    undertone(['listen', '--period', '65'], { input: bytes }),
  ]);
  assert.equal(empty, { code: 0, out: '', err: '' });
  isRefusal(rate, 2, /whole number from 8000 to 192000/);
  isRefusal(period, 2, /multiple of 64/);
});

test.run();
