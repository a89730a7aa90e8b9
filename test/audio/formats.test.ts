import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FileSource } from '../../src/audio/byte-reader.ts';
import { fileKind } from '../../src/audio/codecs.ts';
import { type DecodeOptions, decodeFile } from '../../src/audio/decode.ts';
import { exact } from '../../src/backends/tolerances.ts';
import { ArgumentError, DecodeError } from '../../src/errors.ts';
import { cpuSeconds } from '../support/cpu-time.ts';
import { flacBytes } from '../support/flac.ts';
import { withOggPages } from '../support/ogg.ts';
import { largestDifference } from '../support/parity.ts';
import { collect, wavBytes } from '../support/wav.ts';

const fixtures = fileURLToPath(new URL('../fixtures/audio/', import.meta.url));
const formats = join(fixtures, 'formats');
const read = async (name: string): Promise<Uint8Array> => new Uint8Array(await readFile(join(formats, name)));
const readTone = async (name: string): Promise<Uint8Array> => new Uint8Array(await readFile(join(fixtures, name)));
const concat = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

async function refused(source: FileSource, message: RegExp, options?: DecodeOptions): Promise<Error> {
  try {
    await collect(decodeFile(source, options));
  } catch (error) {
    assert.instance(error, DecodeError);
    assert.match((error as Error).message, message);
    return error as Error;
  }
  return assert.unreachable(`should have been refused with ${message}`) as never;
}

/** The audio, and what was warned of. */
async function heard(source: FileSource, options: DecodeOptions = {}) {
  const warnings: string[] = [];
  const audio = await collect(decodeFile(source, { ...options, onWarning: ({ message }) => warnings.push(message) }));
  return { ...audio, warnings, seconds: audio.channels[0].length / audio.sampleRate };
}

/** The amplitude of a tone in the middle half of the samples. */
function amplitude(samples: Float32Array, hertz: number, sampleRate: number): number {
  const [from, to] = [Math.round(samples.length / 4), Math.round((samples.length * 3) / 4)];
  let [re, im] = [0, 0];
  for (let i = from; i < to; i++) {
    re += samples[i] * Math.cos((2 * Math.PI * hertz * i) / sampleRate);
    im += samples[i] * Math.sin((2 * Math.PI * hertz * i) / sampleRate);
  }
  return (2 * Math.hypot(re, im)) / (to - from);
}

const half = { least: 0.499, most: 0.53 };

for (const [name, sampleRate, channels] of [
  ['opus.webm', 48000, 2],
  ['live.webm', 48000, 2],
  ['vorbis.webm', 48000, 2],
  ['flac.mkv', 8000, 1],
  ['pcm.mkv', 8000, 1],
  ['mp3.mkv', 48000, 2],
  ['aac.mkv', 48000, 2],
  ['opus.mp4', 48000, 2],
  ['flac.mp4', 8000, 1],
  ['mp3.mp4', 48000, 2],
  ['alac.m4a', 8000, 1],
  ['fragmented.mp4', 48000, 2],
  ['aac.mov', 48000, 2],
  ['pcm.mov', 8000, 1],
  ['ima.mov', 48000, 2],
  ['mulaw.mov', 8000, 1],
  ['gsm.wav', 8000, 1],
  ['ima.wav', 48000, 2],
  ['ms.wav', 48000, 2],
  ['mp3.wav', 48000, 2],
  ['rifx.wav', 8000, 1],
  ['wave64.w64', 8000, 1],
  ['s24.aiff', 8000, 1],
  ['ima.aifc', 48000, 2],
  ['little.aifc', 8000, 1],
  ['float.caf', 8000, 1],
  ['ima.caf', 48000, 2],
  ['alaw.au', 8000, 1],
  ['layer2.mp2', 48000, 2],
  ['mpeg25.mp3', 8000, 1],
  ['s24.flac', 8000, 1],
] as const) {
  test(`${name}: rate, channels, length and the tone of each`, async () => {
    const got = await heard(join(formats, name));
    assert.equal(got.warnings, []);
    assert.equal([got.sampleRate, got.channels.length], [sampleRate, channels]);
    // MP3 in other containers has lost the tag that tells of its delay.
    const most = name.startsWith('mp3') || name.startsWith('aac.mkv') ? 0.6 : half.most;
    assert.ok(got.seconds >= half.least && got.seconds <= most, `${got.seconds} s`);
    got.channels.forEach((samples, channel) => {
      const [own, other] = channel === 0 ? [440, 660] : [660, 440];
      assert.ok(Math.abs(amplitude(samples, own, sampleRate) - 0.3) < 0.03, `${amplitude(samples, own, sampleRate)}`);
      assert.ok(amplitude(samples, other, sampleRate) < 0.03);
    });
  });
}

test('AMR: speech of three seconds', async () => {
  const { seconds, sampleRate, channels } = await heard(await read('amr.amr'));
  assert.equal([seconds, sampleRate], [3, 8000]);
  const level = Math.sqrt(channels[0].reduce((sum, value) => sum + value * value, 0) / channels[0].length);
  assert.ok(Math.abs(level - 0.139) < 0.01, `${level}`);
  await refused((await read('amr.amr')).subarray(0, 1000), /cut off within a frame/);
});

test('codecs that cannot be read are named, with their container', async () => {
  await refused(await read('ac3.mp4'), /its audio is AC-3 in MP4, which cannot be read/);
  await refused(await read('speex.spx'), /it holds Speex in Ogg, which cannot be read/);
  await refused(await read('windows.wma'), /it is Windows Media/);
  await refused(await read('free-format.mp3'), /free format/);
  const webm = await read('opus.webm');
  const name = Buffer.from(webm).indexOf('A_OPUS');
  webm.set(Buffer.from('A_AC3\0'), name);
  await refused(webm, /its audio is AC-3 in Matroska/);
  const wav = await read('gsm.wav');
  wav[20] = 0x45;
  await refused(wav, /G\.726 ADPCM/);
});

test('the kind of a file is told by its beginning; raw samples are none', async () => {
  for (const [name, kind] of [
    ['gsm.wav', 'WAV'],
    ['wave64.w64', 'WAV'],
    ['s24.aiff', 'AIFF'],
    ['float.caf', 'CAF'],
    ['alaw.au', 'AU'],
    ['s24.flac', 'FLAC'],
    ['mono.ogg', 'Ogg'],
    ['live.webm', 'WebM'],
    ['aac.mov', 'MP4'],
    ['amr.amr', 'AMR'],
    ['layer2.mp2', 'MP3'],
    ['windows.wma', 'Windows Media (ASF, WMA)'],
  ] as const)
    assert.is(fileKind((await read(name)).subarray(0, 4096)), kind);
  assert.is(fileKind((await readTone('tone.aac')).subarray(0, 4096)), 'AAC');
  for (const value of [0, -1, 1, 257, -2, 32767])
    assert.is(fileKind(new Uint8Array(new Int16Array(2048).fill(value).buffer)), undefined);
  const noise = Uint8Array.from({ length: 4096 }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 13) & 255);
  assert.is(fileKind(noise), undefined);
});

test('whatever a file is read from, it is the same', async () => {
  for (const name of ['live.webm', 'gsm.wav', 'ima.caf', 's24.flac', 'mpeg25.mp3', 'alaw.au', 'opus.mp4', 'mono.ogg']) {
    const whole = await heard(join(formats, name));
    const bytes = await read(name);
    const sources: FileSource[] = [
      bytes,
      bytes.slice().buffer,
      pathToFileURL(join(formats, name)),
      pathToFileURL(join(formats, name)).href,
      new Blob([bytes]),
      new Response(bytes),
      createReadStream(join(formats, name), { highWaterMark: 1000 }),
      Readable.toWeb(Readable.from([bytes.subarray(0, 7), bytes.subarray(7)])) as ReadableStream<Uint8Array>,
      runInNewContext('Uint8Array.from(bytes)', { bytes }) as Uint8Array,
    ];
    for (const source of sources) {
      const got = await heard(source);
      assert.is(largestDifference(got.channels[0], whole.channels[0]), exact);
    }
  }
});

test('bytes of a file are copied before the call waits', async () => {
  const bytes = await read('s24.flac');
  const expected = await heard(bytes.slice());
  const answer = heard(bytes);
  bytes.fill(0);
  assert.is(largestDifference((await answer).channels[0], expected.channels[0]), exact);
});

test('sources that are none: the true reason', async () => {
  const wrong = async (source: unknown, message: RegExp) => {
    await collect(decodeFile(source as FileSource)).then(
      () => assert.unreachable(),
      (error) => {
        assert.instance(error, ArgumentError);
        assert.match(error.message, message);
      },
    );
  };
  await wrong('https://example.org/x.wav', /source: got the URL https.*fetch/);
  await wrong(new URL('http://example.org/x.wav'), /the URL http/);
  await wrong(new Int16Array(5), /Int16Array.*processAudioBytes/);
  await wrong(Readable.from(['text']), /a stream with a chunk that is "text"/);
  const bytes = new Uint8Array(100);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  await wrong(bytes, /detached/);
  await refused(new Response('', { status: 404, statusText: 'Not Found' }), /the server answered 404 Not Found/);
  const mine = new RangeError('my stream broke');
  const broken = Readable.from(
    (async function* () {
      yield (await read('s24.flac')).subarray(0, 5000);
      throw mine;
    })(),
  );
  await collect(decodeFile(broken)).then(
    () => assert.unreachable(),
    (error) => assert.is(error, mine),
  );
  const own = new RangeError('my callback broke');
  const onProgress = () => {
    throw own;
  };
  await collect(decodeFile(await read('s24.flac'), { onProgress, partial: true })).then(
    () => assert.unreachable(),
    (error) => assert.is(error, own),
  );
});

test('FLAC: a last frame of constant samples, tags behind, every depth', async () => {
  const silence = await heard(await read('ends-in-silence.flac'));
  assert.is(silence.channels[0].length, 40000);
  const tag = new Uint8Array(128);
  tag.set(Buffer.from('TAG title'));
  for (const bits of [8, 16, 20, 24, 32]) {
    const full = 2 ** (bits - 1);
    const samples = Array.from({ length: 5000 }, (_, i) => (i < 4096 ? Math.round(Math.sin(i / 9) * full * 0.99) : 0));
    const expected = Float32Array.from(samples, (value) => value / full);
    for (const length of [5000, 0]) {
      const bytes = flacBytes([samples, samples], { bits, sampleRate: 16000, length });
      for (const tail of [new Uint8Array(0), tag, new Uint8Array(1000)]) {
        const got = await heard(concat(bytes, tail));
        assert.equal(got.warnings, []);
        assert.is(largestDifference(got.channels[1], expected), exact, `${bits} bits`);
      }
    }
    const short = flacBytes([samples], { bits, sampleRate: 16000, length: 5000 });
    await refused(short.subarray(0, short.length - 14), /cut off/);
  }
});

test('Ogg: zeros behind, no end flag, chains', async () => {
  const ogg = await readTone('tone.ogg');
  const whole = await heard(ogg);
  assert.is((await heard(concat(ogg, new Uint8Array(5000)))).channels[0].length, 44100);
  const open = withOggPages(ogg, (pages) => {
    pages.at(-1)![5] &= ~4;
    return pages;
  });
  const got = await heard(open);
  assert.ok(got.channels[0].length >= 44100 && got.channels[0].length < 45000);
  assert.match(got.warnings.join(), /no end flag/);
  const chain = await heard(concat(ogg, ogg));
  assert.is(chain.channels[0].length, 88200);
  assert.is(largestDifference(chain.channels[1].subarray(44100), whole.channels[1]), exact);
  for (const other of [await read('mono.ogg'), await readTone('tone.opus'), await readTone('tone.oga')]) {
    await refused(concat(ogg, other), /its next part has \d channels at \d+ Hz, not 2 at 44100 Hz/);
    const part = await heard(concat(ogg, other), { partial: true });
    assert.is(largestDifference(part.channels[0], whole.channels[0]), exact);
  }
});

test('Ogg: a lost page is an error; with partial what comes behind it stays in its place', async () => {
  for (const name of ['mono.ogg', 'tone.opus'] as const) {
    const bytes = name === 'tone.opus' ? await readTone(name) : await read(name);
    const whole = await heard(bytes);
    // The pages are cut to one packet each, so that there is one to lose.
    const lossy = withOggPages(
      bytes,
      (pages) => {
        pages.splice(Math.floor(pages.length / 2), 2);
        return pages;
      },
      true,
    );
    await refused(lossy, /an Ogg page is lost/);
    const got = await heard(lossy, { partial: true });
    assert.is(got.channels[0].length, whole.channels[0].length);
    const end = Math.round(0.15 * got.sampleRate);
    const tail = (samples: Float32Array) => samples.subarray(samples.length - end, samples.length - end / 3);
    assert.ok(largestDifference(tail(got.channels[0]), tail(whole.channels[0])) < 0.02);
  }
});

test('MPEG: found behind zeros, rests of frames and tags; raw data is none', async () => {
  const mp3 = await readTone('tone-mono.mp3');
  const tagged = (body: number) => {
    const tag = new Uint8Array(10 + body);
    tag.set(Buffer.from('ID3\x04\0\0'));
    tag.set([body >> 21, (body >> 14) & 127, (body >> 7) & 127, body & 127], 6);
    return tag;
  };
  for (const front of [
    new Uint8Array(3000),
    new Uint8Array(3000).fill(255),
    mp3.subarray(300, 330),
    concat(tagged(200), new Uint8Array(1500)),
    concat(tagged(100), tagged(300)),
    concat(tagged(50), new Uint8Array(700), tagged(20)),
  ]) {
    const got = await heard(concat(front, mp3));
    assert.equal([got.sampleRate, got.channels.length], [16000, 1]);
    assert.ok(Math.abs(got.seconds - 1) < 0.1, `${got.seconds} s`);
    assert.ok(Math.abs(amplitude(got.channels[0], 440, 16000) - 0.3) < 0.03);
  }
  const wav = concat(tagged(100), wavBytes([new Float32Array(3000)]));
  assert.is((await heard(wav)).channels[0].length, 3000);
  const noise = new Uint8Array(200_000);
  for (let i = 0, x = 1; i < noise.length; i++) noise[i] = (x = (Math.imul(x, 1103515245) + 12345) >>> 0) >> 16;
  await refused(noise, /no audio of a kind/);
  await refused(new Uint8Array(new Int16Array(50_000).fill(-1).buffer), /no audio of a kind/);
  await refused(concat(tagged(100), noise), /behind its ID3 tag/);
});

test('MPEG and ADTS: what becomes another stream is an error, never noise', async () => {
  const [mono, stereo] = [await readTone('tone-mono.mp3'), await readTone('tone.mp3')];
  await refused(concat(mono, stereo), /it changes from 1 channels at 16000 Hz to 2 at 44100 Hz/);
  await refused(concat(stereo, mono), /it changes from 2 channels/);
  const got = await heard(concat(mono, mono));
  assert.ok(Math.abs(got.seconds - 2) < 0.15, `${got.seconds} s`);
});

test('a large ID3 tag through a pipe is read in linear time', async () => {
  const size = 8 << 20;
  const tag = new Uint8Array(10 + size);
  tag.set(Buffer.from('ID3\x03\0\0'));
  tag.set([size >> 21, (size >> 14) & 127, (size >> 7) & 127, size & 127], 6);
  const bytes = concat(tag, await readTone('tone-mono.mp3'));
  const chunks = function* () {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  };
  const started = cpuSeconds();
  assert.ok(Math.abs((await heard(Readable.from(chunks()))).seconds - 1) < 0.1);
  assert.ok(cpuSeconds() - started < 3, `${cpuSeconds() - started} s`);
});

test('WAV: header fields that no decoding needs may be off', async () => {
  const samples = Float32Array.from({ length: 5000 }, (_, i) => Math.round(Math.sin(i / 8) * 20000) / 32768);
  const patched = (bytes: Uint8Array, at: number, ...values: number[]) => {
    const copy = bytes.slice();
    copy.set(values, at);
    return copy;
  };
  const whole = wavBytes([samples]);
  for (const bytes of [
    patched(whole, 32, 1, 0),
    patched(whole, 32, 0, 0),
    patched(whole, 28, 0, 0, 0, 0),
    wavBytes([samples], { dataSize: 10016 }),
    wavBytes([samples], { dataSize: 10044 }),
    wavBytes([samples], { riffSize: 0, dataSize: 0 }),
    concat(whole, new Uint8Array(37).fill(7)),
    concat(whole, new Uint8Array(5000)),
  ]) {
    const got = await heard(bytes);
    assert.equal(got.warnings, []);
    assert.is(largestDifference(got.channels[0], samples), exact);
  }
  // A second chunk of samples goes on where the first ended.
  const second = concat(whole, whole.subarray(36));
  assert.is((await heard(second)).channels[0].length, 10000);
  await refused(wavBytes([new Float32Array(0)]), /it holds no samples/);
  await refused(wavBytes([new Float32Array(0)], { after: [['LIST', 40]] }), /it holds no samples/);
});

test('WAV: any depth in any container', async () => {
  const values = Int32Array.from({ length: 4000 }, (_, i) => Math.round(Math.sin(i / 8) * 2 ** 19 * 0.9));
  const build = (bits: number, width: number, write: (view: DataView, at: number, value: number) => void) => {
    const bytes = new Uint8Array(44 + width * values.length);
    bytes.set(wavBytes([new Float32Array(1)]).subarray(0, 44));
    const view = new DataView(bytes.buffer);
    view.setUint16(32, width, true);
    view.setUint16(34, bits, true);
    view.setUint32(40, width * values.length, true);
    values.forEach((value, i) => write(view, 44 + width * i, value));
    return bytes;
  };
  const set24 = (view: DataView, at: number, value: number) => {
    view.setUint8(at, value & 255);
    view.setInt16(at + 1, value >> 8, true);
  };
  const expected = Float32Array.from(values, (value) => value / 2 ** 19);
  for (const [bits, width, write] of [
    [20, 3, (view: DataView, at: number, value: number) => set24(view, at, value << 4)],
    [24, 4, (view: DataView, at: number, value: number) => view.setInt32(at, value << 4, true)],
    [24, 4, (view: DataView, at: number, value: number) => view.setInt32(at, value << 12, true)],
    [32, 4, (view: DataView, at: number, value: number) => view.setInt32(at, value << 12, true)],
    [40, 5, (view: DataView, at: number, value: number) => view.setInt32(at + 1, value << 12, true)],
    [64, 8, (view: DataView, at: number, value: number) => view.setBigInt64(at, BigInt(value) << 44n, true)],
  ] as const) {
    const got = await heard(build(bits, width, write));
    assert.ok(largestDifference(got.channels[0], expected) < 1e-6, `${bits} bits in ${width} bytes`);
  }
  await refused(build(24, 3, set24).subarray(0, 200), /cut off/);
});

test('samples that are no numbers: silence and a warning; by option an error', async () => {
  const samples = Float32Array.from({ length: 3000 }, (_, i) => Math.sin(i / 7) / 2);
  samples[1234] = NaN;
  samples[2000] = -Infinity;
  const bytes = wavBytes([samples], { bits: 32, float: true });
  const got = await heard(bytes);
  assert.equal([got.channels[0][1234], got.channels[0][2000], got.channels[0][1]], [0, 0, samples[1]]);
  assert.is(got.warnings.length, 1);
  assert.match(got.warnings[0], /some of its samples are not numbers \(taken as silence\)/);
  await refused(bytes, /some of its samples are not numbers/, { invalidSamples: 'error' });
});

test('floats at integer scale are an error, with partial a warning', async () => {
  const samples = Float32Array.from({ length: 3000 }, (_, i) => 20000 * Math.sin(i / 7));
  const bytes = wavBytes([samples], { bits: 32, float: true });
  await refused(bytes, /not normalised to \[-1, 1\].*never divided by 32768/);
  assert.is((await heard(bytes, { partial: true })).warnings.length, 1);
});

test('hostile files are refused at once and in little memory', async () => {
  const started = cpuSeconds();
  await refused(join(formats, 'hostile-esds.m4a'), /its index is damaged \(esds\)/);
  assert.is((await heard(join(formats, 'hostile-udta.m4a'))).seconds, 1);
  const many = wavBytes([new Float32Array(100_000)]);
  new DataView(many.buffer).setUint16(22, 65535, true);
  await refused(many, /65535 channels; at most 256/);
  const fragmented = await read('fragmented.mp4');
  const trun = Buffer.from(fragmented).indexOf('trun');
  new DataView(fragmented.buffer).setUint32(trun + 8, 0xfffffff0);
  await refused(fragmented, /trun promises 4294967280 samples/);
  assert.ok(cpuSeconds() - started < 3, `${cpuSeconds() - started} s`);
});

test('a file that inflates a thousandfold is given in blocks of bounded size', async () => {
  // Frames of 65,535 constant samples take 15 bytes each.
  const silence = new Array<number>(65535 * 50).fill(0);
  const bytes = flacBytes([silence, silence], { bits: 16, sampleRate: 48000, length: silence.length, block: 65535 });
  assert.ok(bytes.length < 3000);
  let largest = 0;
  let samples = 0;
  for await (const { channels } of decodeFile(bytes)) {
    largest = Math.max(largest, channels[0].length);
    samples += channels[0].length;
  }
  assert.is(samples, silence.length);
  assert.ok(largest <= 65535 + (1 << 15), `${largest} samples in a block`);
});

test('every fixture cut anywhere: an error or a marked part', async () => {
  for (const name of await readdir(formats)) {
    const bytes = await read(name);
    for (const share of [0.02, 0.3, 0.6, 0.97]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      for (const partial of [true, false]) {
        const error = await heard(cut, { partial }).then(
          () => undefined,
          (error) => error,
        );
        if (error) assert.instance(error, DecodeError, `${name}: ${error.stack}`);
      }
    }
  }
});

test.run();
