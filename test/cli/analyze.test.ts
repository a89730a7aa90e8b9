import { copyFile, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { call, has, inFolder, isRefusal, onTerminal, stereo, undertone, voice } from './run.ts';

test('analyze: a table to read; with a summary, with transitions', async () => {
  const [plain, full] = await Promise.all([
    undertone(['analyze', call]),
    undertone(['analyze', stereo, '--summary', '--transitions']),
  ]);
  assert.equal([plain.code, plain.err], [0, '']);
  has(plain.out, /^0:00\.00 +0:0\d\.\d\d +music +0\.\d\d +no speech +0\.\d\d$/m);
  assert.not.match(plain.out, /\x1b|times real time/);
  has(full.out, /^channel 1$/m);
  has(full.out, /^gender +0:00\.00 +0:/m);
  has(full.out, /^speech: .*\d+ %/m);
});

test('analyze --format json and jsonl: what the library gives, and no more than was asked for', async () => {
  const [json, full, several] = await Promise.all([
    undertone(['analyze', voice, '-f', 'json']),
    undertone([
      'analyze',
      stereo,
      '-f',
      'json',
      '--raw',
      '--summary',
      '--transitions',
      '--period',
      '640',
      '--channel',
      '1',
    ]),
    undertone(['analyze', voice, call, '-f', 'json']),
  ]);
  const output = JSON.parse(json.out);
  assert.equal(Object.keys(output), ['channels']);
  assert.equal(Object.keys(output.channels[0]), ['time_series']);
  assert.equal(Object.keys(output.channels[0].time_series[0]), ['timestamp', 'results']);
  const { channels } = JSON.parse(full.out);
  assert.equal(Object.keys(channels), ['1']);
  assert.equal(Object.keys(channels[1]), ['time_series', 'summary', 'transitions']);
  assert.is(channels[1].time_series[1].timestamp, 640);
  assert.ok(channels[1].time_series[0].raw.gender);
  assert.equal(
    JSON.parse(several.out).map(({ file }: { file: string }) => file),
    [voice, call],
  );
  assert.equal(JSON.parse(several.out)[0].channels, output.channels);
});

test('analyze: every format on standard output, one file', async () => {
  const formats = ['jsonl', 'csv', 'textgrid', 'rttm', 'audacity', 'svg', 'html'];
  const outcomes = Object.fromEntries(
    await Promise.all(
      formats.map(async (format) => [format, await undertone(['analyze', voice, '--format', format])] as const),
    ),
  );
  for (const format of formats) assert.equal([format, outcomes[format].code, outcomes[format].err], [format, 0, '']);
  const text = (format: string): string => outcomes[format].out;
  assert.is(JSON.parse(text('jsonl')).file, voice);
  const rows: Record<string, string>[] = parse(text('csv'), { columns: true });
  assert.is(rows[0].speech, 'speech');
  has(text('textgrid'), /^File type = "ooTextFile"\nObject class = "TextGrid"/);
  has(text('rttm'), /^SPEAKER reading-room 1 \d+\.\d{3} \d+\.\d{3} <NA> <NA> female 0\.\d+ <NA>$/m);
  has(text('audacity'), /^\d+\.\d{6}\t\d+\.\d{6}\tgender: female$/m);
  has(text('svg'), /^<svg[\s\S]*class="r-speech wave"[\s\S]*<\/svg>\n$/);
  has(text('html'), /^<!doctype html>[\s\S]*reading-room\.wav/);
});

test('analyze: a folder into a folder; what fails is told and the others go on; the batch resumes', async () => {
  await inFolder(async (folder) => {
    const [input, output] = [join(folder, 'in'), join(folder, 'out')];
    await mkdir(join(input, 'monday', 'late'), { recursive: true });
    await copyFile(voice, join(input, 'monday', 'voice.wav'));
    await copyFile(stereo, join(input, 'monday', 'late', 'Two Speakers.OGG'));
    await copyFile(call, join(input, 'voice.flac'));
    await writeFile(join(input, 'broken.wav'), 'RIFF');
    await writeFile(join(input, 'readme.txt'), 'not audio');
    const args = ['analyze', input, '--out', output, '--format', 'csv'];

    const first = await undertone(args);
    assert.is(first.code, 1);
    has(first.err, /^failed .*broken\.wav: .+\n$/);
    has(first.out, /^file +length +music +other +speech +silence +male +female +unknown$/m);
    has(first.out, /3 of 4 files; .* times real time; 1 failed\n$/);
    const made = async (): Promise<string[]> =>
      (await readdir(output, { recursive: true })).filter((file) => /\.(csv|part)$/.test(file)).sort();
    assert.equal(await made(), ['monday/late/Two Speakers.csv', 'monday/voice.csv', 'voice.csv']);

    const written = (await stat(join(output, 'voice.csv'))).mtimeMs;
    await writeFile(
      join(output, 'undertone-batch.jsonl'),
      `${await readFile(join(output, 'undertone-batch.jsonl'), 'utf8')}{"file":"/cut o`,
    );
    await utimes(join(input, 'monday', 'voice.wav'), new Date(), new Date(0));
    const second = await undertone([...args, '--resume']);
    has(second.out, /3 of 4 files; 2 of them done before; /);
    assert.is((await stat(join(output, 'voice.csv'))).mtimeMs, written);

    const third = await undertone([...args, '--resume', '--raw']);
    assert.not.match(third.out, /done before/);
    has(await readFile(join(output, 'voice.csv'), 'utf8'), /speech_music/);
  });
});

test('analyze: interrupted, it stops in order and can go on', async () => {
  await inFolder(async (folder) => {
    const input = join(folder, 'in');
    await mkdir(input);
    for (let i = 0; i < 40; i++) await copyFile(call, join(input, `call-${String(i).padStart(2, '0')}.flac`));
    let killed = false;
    const text = await undertone(['analyze', input, '-f', 'jsonl', '--jobs', '1'], {
      onOutput: (_, kill) => {
        if (!killed) kill('SIGINT');
        killed = true;
      },
    });
    assert.is(text.code, 130);
    const lines = text.out.trimEnd().split('\n');
    assert.ok(lines.length >= 1 && lines.length < 40, `${lines.length} lines`);
    lines.forEach((line, i) => assert.is(basename(JSON.parse(line).file), `call-${String(i).padStart(2, '0')}.flac`));
    has(text.err, /^interrupted\n$/);
  });
});

test('analyze: on a terminal there are colours, and a bar that goes when it is done', async () => {
  await inFolder(async (folder) => {
    await copyFile(voice, join(folder, 'a.wav'));
    await copyFile(call, join(folder, 'b.flac'));
    const text = await onTerminal(['analyze', folder, '--out', join(folder, 'out'), '--format', 'jsonl']);
    if (text === undefined) return console.log('progress on a terminal: skipped, `script` is not installed');
    has(text, /[█░]{24} +\d+ % +\d\/2 files/);
    has(text, /100 % +2\/2 files/);
    has(text, /\x1b\[2mfile +length/);
    has(text, /2 of 2 files; 0:21 of audio in [\d.]+ s, \d+ times real time\s+$/);
  });
});

test('analyze: patterns; names that meet in the output folder', async () => {
  await inFolder(async (folder) => {
    await copyFile(voice, join(folder, 'a.wav'));
    await copyFile(call, join(folder, 'a.flac'));
    await copyFile(call, join(folder, 'b.flac'));
    const { code, out } = await undertone([
      'analyze',
      join(folder, '*.{wav,flac}'),
      join(folder, 'a.wav'),
      '-o',
      join(folder, 'out'),
      '-f',
      'rttm',
      '--quiet',
    ]);
    assert.equal([code, out], [0, '']);
    assert.equal((await readdir(join(folder, 'out'))).sort(), [
      'a.flac.rttm',
      'a.wav.rttm',
      'b.rttm',
      'undertone-batch.jsonl',
    ]);
  });
});

test('analyze: command lines without sense', async () => {
  await inFolder(async (folder) => {
    const outcomes = await Promise.all([
      undertone(['analyze', voice, '--period', '100']),
      undertone(['analyze', voice, call, '--format', 'html']),
      undertone(['analyze', join(folder, '*.wav')]),
      undertone(['analyze', folder]),
      undertone(['analyze', voice, '--resume']),
      undertone(['analyze', voice, '--format', 'xml']),
      undertone(['analyze', voice, '--jobs', '0']),
      undertone(['analyze', voice, '--weights', folder]),
    ]);
    isRefusal(outcomes[0], 2, /--period 100: it must be a multiple of 64/);
    isRefusal(outcomes[1], 2, /--format html makes a file of its own for each input: name a folder with --out/);
    isRefusal(outcomes[2], 2, /no file matches/);
    isRefusal(outcomes[3], 2, /holds no audio files/);
    isRefusal(outcomes[4], 2, /--resume goes on in a folder/);
    isRefusal(outcomes[5], 2, /Allowed choices are table, json/);
    isRefusal(outcomes[6], 2, /It must be a whole number from 1 to 64/);
    isRefusal(outcomes[7], 1, /holds no speech\.model/);
  });
});

test('analyze: a file that is cut off fails, or gives its readable part with a warning', async () => {
  await inFolder(async (folder) => {
    const file = join(folder, 'cut.flac');
    await writeFile(file, (await readFile(call)).subarray(0, 120_000));
    const [strict, partial] = await Promise.all([
      undertone(['analyze', file, '-f', 'json']),
      undertone(['analyze', file, '-f', 'json', '--partial']),
    ]);
    assert.is(strict.code, 1);
    has(strict.err, /^failed .*cut\.flac: .+\n$/);
    assert.is(partial.code, 0);
    has(partial.err, /^warning .*cut\.flac: only the part that could be read is used/);
    assert.is(JSON.parse(partial.out).warnings.length, 1);
  });
});

test.run();
