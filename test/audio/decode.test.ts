import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type DecodeOptions, type DecodeProgress, decodeFile } from '../../src/audio/decode.ts';
import { DecodeError } from '../../src/errors.ts';
import { cpuSeconds } from '../support/cpu-time.ts';
import { damaged } from '../support/damage.ts';
import { largestDifference } from '../support/parity.ts';
import { seeded } from '../support/random.ts';
import { collect, type WavOptions, wavBytes } from '../support/wav.ts';

const fixtures = fileURLToPath(new URL('../fixtures/audio/', import.meta.url));

const sine = (length: number, hertz: number, sampleRate: number) =>
  Float32Array.from({ length }, (_, i) => 0.3 * Math.sin((2 * Math.PI * hertz * i) / sampleRate));

async function refused(bytes: Uint8Array | string, message: RegExp, options?: DecodeOptions): Promise<void> {
  try {
    await collect(decodeFile(bytes, options));
  } catch (error) {
    assert.instance(error, DecodeError);
    assert.match((error as Error).message, message);
    return;
  }
  assert.unreachable(`should have been refused with ${message}`);
}

for (const [name, sampleRate, channels, tolerance] of [
  ['tone.flac', 44100, 2, 1e-4],
  ['tone.oga', 16000, 1, 1e-4],
  ['tone.mp3', 44100, 2, 0.02],
  ['tone-mono.mp3', 16000, 1, 0.02],
  ['tone.ogg', 44100, 2, 0.02],
  ['tone.opus', 48000, 2, 0.02],
  ['tone.m4a', 44100, 2, 0.02],
  ['tone-mono.m4a', 16000, 1, 0.02],
] as const) {
  test(`${name}: rate, channels, length and the tones in place`, async () => {
    for (const source of [join(fixtures, name), await readFile(join(fixtures, name))]) {
      const got = await collect(decodeFile(source));
      assert.is(got.sampleRate, sampleRate);
      assert.is(got.channels.length, channels);
      got.channels.forEach((samples, channel) => {
        assert.ok(Math.abs(samples.length - sampleRate) <= 1, `${samples.length} samples`);
        const expected = sine(samples.length, channel === 0 ? 440 : 660, sampleRate);
        // Lossy coders need a moment at both ends; a delay of one sample would show as 0.018 at 440 Hz and 16 kHz.
        const [from, to] = [Math.round(0.1 * sampleRate), Math.round(0.9 * sampleRate)];
        let sum = 0;
        for (let i = from; i < to; i++) sum += (samples[i] - expected[i]) ** 2;
        assert.ok(
          Math.sqrt(sum / (to - from)) < tolerance,
          `channel ${channel} is ${Math.sqrt(sum / (to - from))} away`,
        );
      });
    }
  });
}

test('raw AAC (ADTS) is heard too', async () => {
  const got = await collect(decodeFile(join(fixtures, 'tone.aac')));
  assert.ok(Math.abs(got.channels[0].length / got.sampleRate - 1) < 0.1);
});

const int16 = Float32Array.from({ length: 3000 }, (_, i) => (((i * 7919) % 65536) - 32768) / 32768);
const fine = Float32Array.from({ length: 3000 }, (_, i) => Math.sin(i * 0.37) * 0.9);

const kinds: readonly (readonly [string, WavOptions, number])[] = [
  ['8 bit', { bits: 8 }, 1 / 128],
  ['16 bit', { bits: 16 }, 1 / 32768],
  ['24 bit', { bits: 24 }, 1 / 8388608],
  ['32 bit', { bits: 32 }, 1e-7],
  ['float 32', { bits: 32, float: true }, 0],
  ['float 64', { bits: 64, float: true }, 0],
  ['extensible 24 bit', { bits: 24, extensible: true }, 1 / 8388608],
  ['extensible float', { bits: 32, float: true, extensible: true }, 0],
  ['RF64', { rf64: true }, 1 / 32768],
  [
    'chunks around, one of odd size',
    {
      before: [
        ['JUNK', 27],
        ['LIST', 4],
      ],
      after: [['LIST', 13]],
    },
    1 / 32768,
  ],
];

for (const [name, options, tolerance] of kinds) {
  test(`WAV, ${name}`, async () => {
    for (const channels of [[fine], [fine, int16, fine]]) {
      const got = await collect(decodeFile(wavBytes(channels, { ...options, sampleRate: 22050 })));
      assert.is(got.sampleRate, 22050);
      assert.is(got.channels.length, channels.length);
      got.channels.forEach((samples, i) => assert.ok(largestDifference(samples, channels[i]) <= tolerance));
    }
  });
}

test('WAV: 16 bit comes out as it went in', async () => {
  const { channels } = await collect(decodeFile(wavBytes([int16])));
  assert.is(largestDifference(channels[0], int16), 0);
  // Two channels take another way than one.
  const both = [int16, int16.slice().reverse()];
  let at = 0;
  for await (const { channels } of decodeFile(wavBytes(both))) {
    for (const [i, samples] of channels.entries()) {
      assert.instance(samples, Int16Array);
      samples.forEach((sample, k) => assert.is(sample, both[i][at + k] * 32768));
    }
    at += channels[0].length;
  }
  assert.is(at, int16.length);
});

test('WAV: A-law and mu-law by the points of G.711', async () => {
  const codes = (values: readonly number[]) => Float32Array.from(values, (code) => (code - 128) / 128);
  const aLaw = await collect(
    decodeFile(wavBytes([codes([0xd5, 0x55, 0xaa, 0x2a, 0x80])], { bits: 8, law: 'a', sampleRate: 8000 })),
  );
  assert.equal(
    Array.from(aLaw.channels[0], (value) => value * 32768),
    [8, -8, 32256, -32256, 5504],
  );
  const muLaw = await collect(
    decodeFile(wavBytes([codes([0xff, 0x7f, 0x80, 0x00, 0xf0])], { bits: 8, law: 'mu', sampleRate: 8000 })),
  );
  assert.equal(
    Array.from(muLaw.channels[0], (value) => Math.abs(value * 32768)),
    [0, 0, 32124, 32124, 120],
  );
  assert.ok(muLaw.channels[0][2] > 0 && muLaw.channels[0][3] < 0);
});

for (const [name, riffSize, dataSize] of [
  ['0 and 0', 0, 0],
  ['all ones', 0xffffffff, 0xffffffff],
  ['sox to a pipe', 0x7ffff024, 0x7ffff000],
  ['arecord', 0x80000024, 0x80000000],
  ['header of an empty file', 36, 0],
] as const) {
  test(`WAV: sizes that a stream leaves in the header (${name})`, async () => {
    const { channels } = await collect(decodeFile(wavBytes([int16], { riffSize, dataSize })));
    assert.is(channels[0].length, 3000);
  });
}

test('WAV: what cannot be read says why', async () => {
  const whole = wavBytes([int16]);
  const patched = (at: number, ...bytes: number[]) => {
    const copy = whole.slice();
    copy.set(bytes, at);
    return copy;
  };
  await refused(whole.subarray(0, 20), /^data: it is cut off before its samples/);
  await refused(whole.subarray(0, 4000), /cut off: its header promises 2044 more bytes/);
  await refused(patched(20, 0x40, 0), /G.721 ADPCM/);
  await refused(patched(22, 0, 0), /0 channels/);
  await refused(patched(24, 0x40, 0x1f + 0x10 - 0x20, 0, 0), /sample rate is/);
  await refused(patched(16, 4, 0, 0, 0), /senseless size/);
  const noFormat = patched(12, ...Buffer.from('JUNK'));
  await refused(noFormat, /before any format/);
});

test('a cut-off file: an error that names it, or the part with one warning', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'decode-'));
  for (const name of ['tone.flac', 'tone.mp3', 'tone.ogg', 'tone.opus', 'tone-mono.m4a']) {
    const path = join(folder, name);
    const bytes = await readFile(join(fixtures, name));
    await writeFile(path, bytes.subarray(0, Math.floor(bytes.length * 0.75)));
    await refused(path, new RegExp(`${name}: .*(cut off|damaged)`));
    const warnings: DecodeError[] = [];
    const { channels } = await collect(
      decodeFile(path, { partial: true, onWarning: (warning) => warnings.push(warning) }),
    ).catch((error) => {
      // A short Ogg file may be one page, of which nothing is left.
      assert.match(error.message, /tone\.(ogg|opus)/);
      return { channels: [] };
    });
    if (channels.length > 0) {
      assert.is(warnings.length, 1, name);
      assert.match(warnings[0].message, new RegExp(`${name}: only the part that could be read is used \\(0\\.`));
      assert.is(warnings[0].file, path);
    }
  }
  await rm(folder, { recursive: true });
});

test('M4A: tables that promise billions of entries are refused at once', async () => {
  for (const name of ['tone.m4a', 'tone-mono.m4a']) {
    for (const [table, countAt] of [
      ['stsz', 12],
      ['stco', 8],
      ['stsc', 8],
      ['stts', 8],
      ['elst', 8],
    ] as const) {
      const bytes = await readFile(join(fixtures, name));
      const at = bytes.indexOf(table);
      assert.ok(at > 0);
      bytes.writeUInt32BE(0xfffffff0, at + countAt);
      const started = cpuSeconds();
      await refused(bytes, new RegExp(`its index is damaged \\(${table}`), { partial: true });
      assert.ok(cpuSeconds() - started < 2);
    }
  }
});

test('no audio at all: each is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'decode-'));
  const path = join(folder, 'x.wav');
  await writeFile(path, '');
  await refused(path, /x\.wav: it is empty/);
  await writeFile(path, '<!doctype html><html>not found</html>'.repeat(100));
  await refused(path, /x\.wav: it is no audio of a kind that can be read \(WAV, FLAC, MP3/);
  await refused(join(folder, 'none.wav'), /none\.wav: there is no such file/);
  await refused(folder, /it is a folder/);
  await rm(folder, { recursive: true });
  for (const source of [undefined, 5, null, {}]) {
    await collect(decodeFile(source as never)).then(
      () => assert.unreachable(),
      (error) => assert.match(error.message, /^source: got .*path/),
    );
  }
});

test('the format is told by content, and file URLs are paths', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'decode-'));
  const path = join(folder, 'really flac.mp3');
  await writeFile(path, await readFile(join(fixtures, 'tone.flac')));
  assert.is((await collect(decodeFile(pathToFileURL(path)))).channels[0].length, 44100);
  await rm(folder, { recursive: true });
});

test('progress rises to the whole file; an abort ends it at once with its reason', async () => {
  const bytes = wavBytes([new Float32Array(600000)]);
  const seen: DecodeProgress[] = [];
  await collect(decodeFile(bytes, { onProgress: (progress) => seen.push(progress) }));
  assert.ok(seen.length > 2);
  assert.is(seen.at(-1)!.bytes, bytes.length);
  assert.is(seen.at(-1)!.totalBytes, bytes.length);
  assert.ok(Math.abs(seen.at(-1)!.seconds - 37.5) < 1e-9);

  const controller = new AbortController();
  const reason = new Error('enough');
  let blocks = 0;
  try {
    for await (const _ of decodeFile(bytes, { signal: controller.signal, partial: true })) {
      blocks++;
      controller.abort(reason);
    }
    assert.unreachable();
  } catch (error) {
    assert.is(error, reason);
  }
  assert.is(blocks, 1);
  await collect(decodeFile(bytes, { signal: AbortSignal.abort(reason) })).then(
    () => assert.unreachable(),
    (error) => assert.is(error, reason),
  );
});

test('a consumer that stops early closes the file, and its own error stays its own', async () => {
  const openFiles = async () => (process.platform === 'linux' ? (await readdir('/proc/self/fd')).length : 0);
  const before = await openFiles();
  for (let i = 0; i < 20; i++) {
    for await (const _ of decodeFile(join(fixtures, 'tone.flac'))) break;
    try {
      for await (const _ of decodeFile(join(fixtures, 'tone.flac'))) throw new RangeError('mine');
    } catch (error) {
      assert.instance(error, RangeError);
    }
  }
  assert.ok((await openFiles()) <= before + 2);
});

test('a long WAV is read in bounded memory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'decode-'));
  const path = join(folder, 'long.wav');
  const hours = 2;
  const file = await open(path, 'w');
  await file.write(
    wavBytes([new Float32Array(0)], { dataSize: hours * 3600 * 32000, riffSize: hours * 3600 * 32000 + 36 }),
  );
  // A hole in the file reads as zeros and takes no disk.
  await file.truncate(44 + hours * 3600 * 32000);
  await file.close();
  let samples = 0;
  let most = 0;
  const before = process.memoryUsage().rss;
  for await (const { channels } of decodeFile(path)) {
    samples += channels[0].length;
    most = Math.max(most, process.memoryUsage().rss - before);
  }
  assert.is(samples, hours * 3600 * 16000);
  assert.ok(most < 100e6, `memory grew by ${(most / 1e6).toFixed(0)} MB`);
  await rm(folder, { recursive: true });
});

test('200 damaged files: an error or a marked part, no crash, no hang', async () => {
  const random = seeded('damage');
  const names = [
    'tone.flac',
    'tone.oga',
    'tone.mp3',
    'tone-mono.mp3',
    'tone.ogg',
    'tone.opus',
    'tone.m4a',
    'tone-mono.m4a',
    'tone.aac',
  ];
  const sources = [
    ...(await Promise.all(names.map((name) => readFile(join(fixtures, name))))),
    wavBytes([int16, fine]),
  ];
  const outcomes = { whole: 0, error: 0, part: 0 };
  for (let i = 0; i < 200; i++) {
    const bytes = damaged(sources[i % sources.length], Math.floor(i / sources.length), random);
    const partial = random.uniform() < 0.5;
    let warned = false;
    const started = cpuSeconds();
    try {
      await collect(decodeFile(bytes, { partial, onWarning: () => (warned = true) }));
      outcomes[warned ? 'part' : 'whole']++;
    } catch (error) {
      assert.instance(error, DecodeError, `file ${i}: ${(error as Error).stack}`);
      outcomes.error++;
    }
    assert.ok(cpuSeconds() - started < 3, `file ${i} took ${cpuSeconds() - started} s`);
  }
  assert.ok(outcomes.error > 50 && outcomes.part > 30, JSON.stringify(outcomes));
});

test.run();
