import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { wavBytes } from '../support/wav.ts';
import { has, inFolder, isRefusal, stereo, undertone, voice } from './run.ts';

test('chunk: a table to read, plain where there is no terminal', async () => {
  const { code, out, err } = await undertone(['chunk', voice, '--raw']);
  assert.equal([code, err], [0, '']);
  has(out, /reading-room\.wav, 0:0\d\.\d/);
  has(out, /^speech +speech +(0\.\d{4}|1\.0000)/m);
  has(out, /^gender +female +0\.\d{4}/m);
  for (const label of ['music', 'other', 'male']) has(out, new RegExp(`^ +${label} +0\\.\\d{4}`, 'm'));
  assert.not.match(out, /\x1b/);
});

test('chunk --json: the form of the library, keys in order; a part, one model, a threshold', async () => {
  const [whole, part, silent] = await Promise.all([
    undertone(['chunk', voice, '--json', '--raw']),
    undertone(['chunk', voice, '--json', '--models', 'gender', '--start', '0.5', '--end', '1.5']),
    undertone(['chunk', voice, '--json', '--volume-threshold', '1']),
  ]);
  const output = JSON.parse(whole.out);
  assert.equal(Object.keys(output), ['results', 'raw']);
  assert.equal(Object.keys(output.results), ['gender', 'speech']);
  assert.equal(Object.keys(output.raw.speech), ['music', 'other', 'speech']);
  assert.equal(Object.keys(JSON.parse(part.out)), ['results']);
  assert.equal(Object.keys(JSON.parse(part.out).results), ['gender']);
  assert.equal(JSON.parse(silent.out).results.speech, { result: 'silence', confidence: 1 });
});

test('chunk: a channel of several, or their mix, which it says', async () => {
  const [one, mix, wrong] = await Promise.all([
    undertone(['chunk', stereo, '--channel', '1', '--json', '--raw']),
    undertone(['chunk', stereo]),
    undertone(['chunk', stereo, '--channel', '2']),
  ]);
  assert.is(one.code, 0);
  has(mix.out, /two-speakers\.ogg, 0:0\d\.\d, the mix of 2 channels$/m);
  isRefusal(wrong, 2, /--channel 2: .* has 2 channels, 0 to 1/);
});

test('chunk: the mix is the mean of all channels', async () => {
  await inFolder(async (folder) => {
    const sides = [0, 1].map((side) =>
      Float32Array.from({ length: 16000 }, (_, i) => 0.4 * Math.sin((i * (side + 1)) / 9)),
    );
    const mean = sides[0].map((value, i) => (value + sides[1][i]) / 2);
    const [two, one] = [join(folder, 'two.wav'), join(folder, 'one.wav')];
    await writeFile(two, wavBytes(sides, { bits: 32, float: true }));
    await writeFile(one, wavBytes([mean], { bits: 32, float: true }));
    const [mixed, alone] = await Promise.all([two, one].map((file) => undertone(['chunk', file, '--json', '--raw'])));
    assert.equal(JSON.parse(mixed.out), JSON.parse(alone.out));
  });
});

test('chunk: several files, one after the other; what fails is told and the others are answered', async () => {
  const [text, json] = await Promise.all([
    undertone(['chunk', voice, 'none.wav', stereo]),
    undertone(['chunk', voice, 'none.wav', stereo, '--json']),
  ]);
  assert.equal([text.code, json.code], [1, 1]);
  has(text.out, /^[^\n]*reading-room\.wav[\s\S]*\n\n[^\n]*two-speakers\.ogg/);
  assert.is(text.err, 'failed none.wav: there is no such file\n');
  assert.is(JSON.parse(json.out).length, 2);
});

test('chunk -: a file from standard input; a damaged one in part', async () => {
  const bytes = await readFile(voice);
  const [whole, piped, cut, partial] = await Promise.all([
    undertone(['chunk', voice, '--json']),
    undertone(['chunk', '-', '--json'], { input: bytes }),
    undertone(['chunk', '-'], { input: bytes.subarray(0, 70_000) }),
    undertone(['chunk', '-', '--partial'], { input: bytes.subarray(0, 70_000) }),
  ]);
  assert.equal(JSON.parse(piped.out), JSON.parse(whole.out));
  isRefusal(cut, 1, /it is cut off/);
  assert.is(partial.code, 0);
  has(partial.err, /^warning .*only the part that could be read is used/);
  has(partial.out, /^standard input, 0:02\.2\n/);
  isRefusal(await undertone(['chunk', '-', '-']), 2, /standard input, which can be read once/);
});

test('UNDERTONE_DEVICE names the device where --device does not', async () => {
  const [named, overruled] = await Promise.all([
    undertone(['chunk', voice], { env: { UNDERTONE_DEVICE: 'gpu.js' } }),
    undertone(['chunk', voice, '-d', 'cpu'], { env: { UNDERTONE_DEVICE: 'gpu.js' } }),
  ]);
  has(named.out, /^gpu\.js: /m);
  has(overruled.out, /^cpu: /m);
});

test('chunk: files that are not there, no audio, or too short are one line and exit code 1', async () => {
  await inFolder(async (folder) => {
    const text = join(folder, 'notes.wav');
    await writeFile(text, 'no audio at all');
    const outcomes = await Promise.all([
      undertone(['chunk', join(folder, 'none.wav')]),
      undertone(['chunk', text]),
      undertone(['chunk', folder]),
      undertone(['chunk', voice, '--start', '1', '--end', '1.01']),
    ]);
    isRefusal(outcomes[0], 1, /none\.wav: there is no such file/);
    isRefusal(outcomes[1], 1, /notes\.wav: it is no audio/);
    isRefusal(outcomes[2], 1, /it is a folder/);
    isRefusal(outcomes[3], 1, /shorter than one step/);
  });
});

test('chunk: a command line without sense is exit code 2', async () => {
  const outcomes = await Promise.all([
    undertone(['chunk', voice, '--volume-threshold', '1.5']),
    undertone(['chunk', voice, '--models', 'speech,age']),
    undertone(['chunk', voice, '--start', '3', '--end', '2']),
    undertone(['chunk', voice, '--device', 'abacus']),
    undertone(['chunk']),
    undertone(['chunk', voice, '--start', '9']),
  ]);
  isRefusal(outcomes[0], 2, /--volume-threshold.*'1\.5' is invalid\. It must be a number from 0 to 1/);
  isRefusal(outcomes[1], 2, /there is no model "age"; available: gender, speech/);
  isRefusal(outcomes[2], 2, /--end 2 must be later than --start 3/);
  isRefusal(outcomes[3], 2, /'abacus' is invalid. Allowed choices are auto, webgpu, cpu, gpu\.js/);
  isRefusal(outcomes[4], 2, /missing required argument 'files'/);
  isRefusal(outcomes[5], 2, /--start 9: .* is only \d\.\d s long/);
});

test('help on request is exit code 0 and on standard output; without a command it is 2 and an error', async () => {
  const [help, analyze, nothing, unknown, version] = await Promise.all([
    undertone(['--help']),
    undertone(['help', 'analyze']),
    undertone([]),
    undertone(['chunks', voice]),
    undertone(['--version']),
  ]);
  assert.is(help.code, 0);
  for (const command of ['chunk', 'analyze', 'listen', 'devices', 'convert', 'inspect', 'completion'])
    has(help.out, new RegExp(`^  ${command} `, 'm'));
  assert.is(analyze.code, 0);
  has(analyze.out, /textgrid {2}Praat/);
  assert.equal([nothing.code, nothing.out], [2, '']);
  has(nothing.err, /^Usage: undertone/);
  assert.is(unknown.code, 2);
  has(unknown.err, /unknown command 'chunks'\n\(Did you mean chunk\?\)/);
  has(version.out, /^\d+\.\d+\.\d+\n$/);
});

test('devices: each with why, and what auto takes', async () => {
  const [table, json] = await Promise.all([undertone(['devices']), undertone(['devices', '--json'])]);
  assert.is(table.code, 0);
  for (const device of ['webgpu', 'cpu', 'gpu.js']) has(table.out, new RegExp(`^${device} +(yes|no) +\\S`, 'm'));
  has(table.out, /^auto takes \S+: .+/m);
  const report = JSON.parse(json.out);
  assert.equal(
    report.devices.map(({ name }: { name: string }) => name),
    ['webgpu', 'cpu', 'gpu.js'],
  );
  assert.ok(report.auto.reason);
});

test('inspect and convert: their own help and errors, the same exit codes', async () => {
  const [inspect, missing, usage] = await Promise.all([
    undertone(['inspect', 'weights/speech.model']),
    undertone(['inspect', 'none.model']),
    undertone(['convert', 'in.onnx']),
  ]);
  assert.is(inspect.code, 0);
  has(inspect.out, /music, other, speech/);
  assert.is(missing.code, 1);
  assert.is(usage.code, 2);
  has(usage.err, /missing required argument 'out\.model'/);
});

test('completion: bash completes commands, options and their values', async () => {
  const { out } = await undertone(['completion', 'bash']);
  const ask = (...words: string[]): string[] => {
    const script = `${out}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _undertone; echo "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split(' ');
  };
  assert.equal(ask('undertone', 'an'), ['analyze']);
  assert.equal(ask('undertone', 'chunk', '--vol'), ['--volume-threshold']);
  assert.equal(ask('undertone', 'analyze', '--format', 'text'), ['textgrid']);
  assert.equal(ask('undertone', 'chunk', '-d', 'g'), ['gpu.js']);
  const [zsh, fish, none] = await Promise.all([
    undertone(['completion', 'zsh']),
    undertone(['completion', 'fish']),
    undertone(['completion', 'cmd']),
  ]);
  has(zsh.out, /^#compdef undertone/);
  has(fish.out, /__fish_seen_subcommand_from analyze' -s f -l format -x -a 'table json/);
  isRefusal(none, 2, /Allowed choices are bash, zsh, fish/);
});

test.run();
