import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Server } from '../src/index.ts';
import { ask, call, pcmOf, post, readingRoom, speech, start, toMulaw } from './support/service.ts';

const test = suite('chunks and files');
let server: Server;
test.before(async () => {
  server = await start({ maxBody: 2 });
});
test.after(() => server.close());

const models = ['Speech', 'Gender'];

test('a chunk of raw samples gives what the library gives', async () => {
  const { status, body } = await post(
    server,
    '/v1/chunk?models=speech,gender&include_raw_values=true&encoding=s16le',
    speech,
  );
  const expected = await server.engine.processAudioChunk({ data: speech, models, includeRawValues: true });
  assert.is(status, 200);
  assert.equal(body, expected);
  assert.is(body.results.gender.result, 'female');
});

test('a file as a chunk gives the same, and its models may be several parameters', async () => {
  const { status, body } = await post(server, '/v1/chunk?models=Speech&models=Gender', readingRoom, {
    headers: { 'content-type': 'audio/wav' },
  });
  assert.is(status, 200);
  assert.equal(body, await server.engine.processAudioChunk({ data: speech, models }));
});

test('mu-law and float samples are heard as they are', async () => {
  const samples = pcmOf(speech);
  const mulaw = await post(server, '/v1/chunk?models=speech&encoding=mulaw&sample_rate=16000', toMulaw(samples));
  assert.is(mulaw.body.results.speech.result, 'speech');
  const floats = Float32Array.from(samples, (sample) => sample / 32768);
  const { body } = await post(server, '/v1/chunk?models=speech&encoding=f32le', new Uint8Array(floats.buffer));
  assert.equal(body, await server.engine.processAudioChunk({ data: floats, models: ['Speech'] }));
});

test('a file gives the time series of the library', async () => {
  const path =
    '/file-processing?models=speech,gender&include_summary=true&include_transitions=true&output_period=512&volume_threshold=0.01';
  const { status, body } = await post(server, path, call);
  assert.is(status, 200);
  const options = { models, includeSummary: true, includeTransitions: true, outputPeriod: 512, volumeThreshold: 0.01 };
  assert.equal(body, await server.engine.processFile(call, options));
});

test('raw samples give the time series of bytes', async () => {
  const { body } = await post(
    server,
    '/file-processing?models=gender&encoding=s16le&channels=2',
    speech.subarray(0, 64_000),
  );
  assert.equal(Object.keys(body.channels), ['0', '1']);
  assert.equal(
    body,
    await server.engine.processAudioBytes({ data: speech.subarray(0, 64_000), channels: 2, models: ['Gender'] }),
  );
});

const refusals: [string, string, Uint8Array | string, number, string, RegExp][] = [
  ['an unknown model', '/v1/chunk?models=age&encoding=s16le', speech, 400, 'unknown_model', /Gender, Speech/],
  ['an unknown parameter', '/v1/chunk?modells=speech', speech, 400, 'bad_argument', /modells/],
  [
    'a period that is no multiple of 64',
    '/file-processing?output_period=100',
    speech,
    400,
    'bad_argument',
    /multiple of 64/,
  ],
  ['a threshold out of range', '/v1/chunk?volume_threshold=2', speech, 400, 'bad_argument', /volume_threshold/],
  ['an unknown encoding', '/v1/chunk?encoding=s24', speech, 400, 'bad_argument', /s16le, f32le, mulaw, alaw/],
  ['an odd number of bytes', '/v1/chunk?encoding=s16le', speech.subarray(0, 9999), 400, 'bad_argument', /9999/],
  ['too little audio', '/v1/chunk?encoding=s16le', speech.subarray(0, 100), 400, 'too_short', /64 ms/],
  ['no audio', '/v1/chunk?encoding=s16le', new Uint8Array(0), 400, 'too_short', /0 samples/],
  [
    'a text as a file',
    '/file-processing',
    'this is no audio, whatever you may think of it',
    422,
    'unreadable_audio',
    /^audio: /,
  ],
  ['a file cut off', '/file-processing', call.subarray(0, 50_000), 422, 'unreadable_audio', /^audio: /],
  ['a body too large', '/file-processing', new Uint8Array(2_000_001), 413, 'body_too_large', /2 MB/],
  ['a chunk too large', '/v1/chunk?encoding=s16le', new Uint8Array(2_000_002), 413, 'body_too_large', /2 MB/],
];
for (const [what, path, body, status, code, message] of refusals) {
  test(`${what} is refused`, async () => {
    const answer = await post(server, path, body);
    assert.equal([answer.status, answer.body.error.code], [status, code]);
    assert.match(answer.body.error.message, message);
  });
}

test('a form and JSON are no audio', async () => {
  const form = await post(server, '/v1/chunk', 'x', { headers: { 'content-type': 'multipart/form-data; boundary=x' } });
  assert.is(form.status, 415);
  assert.is((await post(server, '/v1/chunk', { url: 'x' })).status, 415);
  assert.is(
    (await post(server, '/v1/chunk', '{', { headers: { 'content-type': 'application/json' } })).body.error.code,
    'bad_body',
  );
});

test('a stereo file as a chunk needs its channel', async () => {
  const stereo = Buffer.from(readingRoom);
  stereo.writeUInt16LE(2, 22);
  stereo.writeUInt32LE(stereo.readUInt32LE(24) * 4, 28);
  stereo.writeUInt16LE(4, 32);
  const without = await post(server, '/v1/chunk', stereo);
  assert.equal([without.status, without.body.error.code], [400, 'channel_needed']);
  assert.is((await post(server, '/v1/chunk?channel=1', stereo)).status, 200);
});

test('a path that is not there', async () => {
  const { status, body } = await ask(server, '/v1/nothing');
  assert.equal([status, body.error.code], [404, 'not_found']);
});

test('with as many requests as may be, the next is told when to come again', async () => {
  const small = await start({ maxRequests: 1 });
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => post(small, '/file-processing?models=speech', call)),
  );
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length >= 1 && answers.some(({ status }) => status === 200));
  assert.is(refused[0]?.headers.get('retry-after'), '1');
  assert.is(refused[0]?.body.error.code, 'busy');
  await small.close();
});

test('an analysis that takes too long is given up', async () => {
  const short = await start({ analysisSeconds: 0.05 });
  const quarter = new Uint8Array(900 * 8000).fill(0x5a);
  const { status, body } = await post(short, '/file-processing?models=speech&encoding=mulaw', quarter);
  assert.equal([status, body.error.code], [503, 'too_slow']);
  await short.close();
});

test.run();
