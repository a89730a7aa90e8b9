import { copyFile, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toCsv } from '../../src/reports/csv.ts';
import { call, has, inFolder, isRefusal, onTerminal, screen, stereo, undertone, voice } from './run.ts';

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
    has(first.err, /^left out: 1 \.txt\nfailed .*broken\.wav: .+\n$/);
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

test('analyze: on a terminal the results stay above the bar and the closing table', async () => {
  await inFolder(async (folder) => {
    for (const name of ['a.wav', 'b.wav', 'c.wav']) await copyFile(voice, join(folder, name));
    const text = await onTerminal(['analyze', folder]);
    if (text === undefined) return console.log('results on a terminal: skipped, `script` is not installed');
    const lines = screen(text);
    const at = (pattern: RegExp) => lines.findIndex((line) => pattern.test(line));
    for (const name of ['a.wav', 'b.wav', 'c.wav']) {
      assert.is(lines.filter((line) => line.includes(`${name}, 0:03.9`)).length, 1, lines.join('\n'));
      assert.ok(at(new RegExp(`${name}, 0:03`)) < at(/^file +length/), lines.join('\n'));
    }
    assert.is(lines.filter((line) => /^ *0:00\.00 +0:0\d/.test(line)).length, 3, lines.join('\n'));
    assert.not.ok(lines.some((line) => /[█░]{24}/.test(line)));
  });
});

test('analyze: several formats at once, into one folder, with a page that lists the pages', async () => {
  await inFolder(async (folder) => {
    await copyFile(voice, join(folder, 'a&b.wav'));
    await copyFile(stereo, join(folder, 'c.ogg'));
    const out = join(folder, 'out');
    const { code, err } = await undertone(['analyze', folder, '-o', out, '-f', 'segments,html,webvtt,elan', '-q']);
    assert.equal([code, err], [0, '']);
    const made = (await readdir(out)).sort();
    const stems = ['a&b', 'c'].flatMap((stem) => ['eaf', 'html', 'segments.csv', 'vtt'].map((end) => `${stem}.${end}`));
    assert.equal(made, [...stems, 'index.html', 'undertone-batch.jsonl'].sort());
    has(await readFile(join(out, 'index.html'), 'utf8'), /<a href="a%26b\.html">[^<]*a&#38;b\.wav<\/a>/);
    const again = await undertone(['analyze', folder, '-o', out, '-f', 'segments,html,webvtt,elan', '--resume']);
    has(again.out, /2 of 2 files; 2 of them done before\n$/);
    isRefusal(await undertone(['analyze', voice, '-f', 'csv,json']), 2, /several formats need files of their own/);
  });
});

test('analyze: what a folder leaves out is told; a link to a parent does not double it', async () => {
  await inFolder(async (folder) => {
    await mkdir(join(folder, 'calls'));
    await copyFile(voice, join(folder, 'calls', 'a.wav'));
    await writeFile(join(folder, 'notes.txt'), '');
    await writeFile(join(folder, 'more.TXT'), '');
    await writeFile(join(folder, 'LICENSE'), '');
    await symlink('..', join(folder, 'calls', 'up'));
    const { code, out, err } = await undertone(['analyze', folder, '-f', 'jsonl']);
    assert.is(code, 0);
    assert.is(out.trimEnd().split('\n').length, 1);
    assert.is(err, 'left out: 2 .txt, 1 no ending\n');
  });
});

test('analyze: no result over an input, another result or the journal; a link is replaced, not followed', async () => {
  await inFolder(async (folder) => {
    const elsewhere = join(folder, 'elsewhere.txt');
    await writeFile(elsewhere, 'precious');
    for (const name of ['call.json', 'CALL.wav', 'undertone-batch.wav']) await copyFile(voice, join(folder, name));
    await symlink(elsewhere, join(folder, 'undertone-batch (2).jsonl'));
    const inputs = ['call.json', 'CALL.wav', 'undertone-batch.wav'].map((name) => join(folder, name));
    const args = ['analyze', ...inputs, '-o', folder, '-q', '-f'];
    const [json, jsonl] = [await undertone([...args, 'json']), await undertone([...args, 'jsonl'])];
    assert.equal([json.code, jsonl.code], [0, 0], json.err + jsonl.err);
    assert.equal(await readFile(join(folder, 'call.json')), await readFile(voice));
    assert.is(await readFile(elsewhere, 'utf8'), 'precious');
    const made = await readdir(folder);
    for (const name of ['call.json.json', 'CALL.wav.json', 'undertone-batch (2).jsonl'])
      assert.ok(made.includes(name), made.join());
    assert.not.ok(made.some((name) => name.endsWith('.part')));
  });
});

test('analyze: a name with escape codes is shown, not obeyed; a cell that a spreadsheet would run is text', async () => {
  await inFolder(async (folder) => {
    const odd = join(folder, '\x1b[31mred.wav');
    await copyFile(voice, odd);
    await writeFile(join(folder, '\x1b[2Jbad.wav'), 'RIFF');
    const { out, err } = await undertone(['analyze', folder]);
    has(out, /\\x1b\[31mred\.wav/);
    has(err, /\\x1b\[2Jbad\.wav/);
    assert.not.match(out + err, /\x1b/);
    assert.is(
      toCsv(
        { file: '=cmd()', seconds: 1, period: 64, channels: { 0: { time_series: [{ timestamp: 0, results: {} }] } } },
        { header: false },
      ),
      "'=cmd(),0,0,64\r\n",
    );
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
    isRefusal(outcomes[7], 1, /holds no model file/);
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
