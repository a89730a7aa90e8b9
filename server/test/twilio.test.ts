import { createHmac } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Server } from '../src/index.ts';
import { Client, eventually, frames, type Json, key, pcmOf, post, speech, start, toMulaw } from './support/service.ts';

const test = suite('Twilio Media Streams');
const authToken = '12345678901234567890123456789012';
let server: Server;
test.before(async () => {
  server = await start({ twilioAuthToken: authToken, publicUrl: 'wss://voice.example.org/' });
});
test.after(() => server.close());

const mulaw = toMulaw(pcmOf(speech).filter((_, i) => i % 2 === 0));
const quiet = new Uint8Array(mulaw.length).fill(0xff);

function startMessage(changes: object = {}) {
  return {
    event: 'start',
    sequenceNumber: '1',
    streamSid: 'MZ1',
    start: {
      accountSid: 'AC1',
      streamSid: 'MZ1',
      callSid: 'CA1',
      tracks: ['inbound', 'outbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: {},
      ...changes,
    },
  };
}

const media = (track: string, payload: Uint8Array, i: number) => ({
  event: 'media',
  sequenceNumber: String(i + 2),
  streamSid: 'MZ1',
  media: { track, chunk: String(i + 1), timestamp: String(i * 20), payload: Buffer.from(payload).toString('base64') },
});

/** A whole call: the caller's voice comes in, the other side is silent. */
function talk(client: Client): void {
  const theirs = frames(quiet, 160);
  frames(mulaw, 160).forEach((frame, i) => {
    client.send(media('inbound', frame, i));
    client.send(media('outbound', theirs[i] ?? quiet, i));
  });
  client.send({ event: 'mark', streamSid: 'MZ1', mark: { name: 'x' } });
  client.send({ event: 'stop', streamSid: 'MZ1', stop: { accountSid: 'AC1', callSid: 'CA1' } });
}

test('both tracks of a call are channels', async () => {
  const client = await new Client(server, '/twilio?models=speech,gender').ready();
  client.send({ event: 'connected', protocol: 'Call', version: '1.0.0' });
  client.send(startMessage({ callSid: 'CA-both' }));
  talk(client);
  assert.is((await client.closed).code, 1000);
  const labels: Record<string, string[]> = { 0: [], 1: [] };
  for (const { message_type, results } of client.messages) {
    assert.is(message_type, 'results');
    for (const [channel, period] of Object.entries<Json>(results.channels))
      labels[channel]?.push(period.results.speech.result);
  }
  assert.is(labels[0]?.length, 4);
  assert.ok(labels[0]?.includes('speech'));
  assert.equal(labels[1], ['silence', 'silence', 'silence', 'silence']);
});

test('what is asked for comes as custom parameters too, with a key or a token', async () => {
  const { body } = await post(server, '/v1/tokens', {});
  for (const token of [key, body.token]) {
    const client = await new Client(server, '/twilio', { headers: {} }).ready();
    const customParameters = { token, models: 'speech', output_period: '2048', include_raw_values: 'true' };
    client.send(startMessage({ callSid: `CA-${token.length}`, tracks: ['inbound'], customParameters }));
    client.send(media('inbound', mulaw, 0));
    client.send({ event: 'stop' });
    assert.is((await client.closed).code, 1000);
    assert.is(client.messages.length, 2);
    assert.equal(Object.keys(client.messages[0].results.channels['0'].raw), ['speech']);
  }
});

test('without a key nothing is heard', async () => {
  for (const customParameters of [{}, { token: 'wrong' }]) {
    const client = await new Client(server, '/twilio', { headers: {} }).ready();
    client.send(startMessage({ callSid: 'CA-none', customParameters }));
    assert.is((await client.closed).code, 1008);
    assert.is(client.messages[0].error.code, 'unauthorized');
  }
});

test("Twilio's signature opens; results go to who follows the call, not to Twilio", async () => {
  const url = 'wss://voice.example.org/twilio?models=speech';
  const signature = createHmac('sha1', authToken).update(url).digest('base64');
  const client = await new Client(server, '/twilio?models=speech', {
    headers: { 'x-twilio-signature': signature },
  }).ready();
  client.send(startMessage({ callSid: 'CA-signed' }));
  await eventually(
    () =>
      new Client(server, '/calls/CA-signed/results').ready().then(
        ({ socket }) => (socket.close(), true),
        () => false,
      ),
    Boolean,
  );
  const follower = await new Client(server, '/calls/CA-signed/results').ready();
  talk(client);
  assert.is((await client.closed).code, 1000);
  await follower.closed;
  assert.equal(client.messages, []);
  assert.is(follower.messages.length, 8);
});

test('a wrong signature opens nothing', async () => {
  const signature = createHmac('sha1', 'guess').update('wss://voice.example.org/twilio').digest('base64');
  const client = await new Client(server, '/twilio', { headers: { 'x-twilio-signature': signature } }).ready();
  client.send(startMessage({ callSid: 'CA-forged' }));
  assert.is((await client.closed).code, 1008);
});

test('a packet that was lost counts as silence', async () => {
  const client = await new Client(server, '/twilio?models=speech').ready();
  client.send(startMessage({ callSid: 'CA-gap', tracks: ['inbound'] }));
  client.send(media('inbound', mulaw.subarray(0, 8192), 0));
  client.send(media('inbound', mulaw.subarray(0, 8192), 4096 / 20));
  client.send({ event: 'stop' });
  await client.closed;
  const labels = client.messages.map(({ results }) => results.channels['0'].results.speech.result);
  assert.equal([labels.length, labels[1], labels[2]], [5, 'silence', 'silence']);
});

const wrong: [string, object[], string][] = [
  ['media before start', [media('inbound', mulaw, 0)], 'bad_message'],
  ['a second start', [startMessage({ callSid: 'CA-a' }), startMessage({ callSid: 'CA-a' })], 'bad_message'],
  [
    'a track that start did not name',
    [startMessage({ callSid: 'CA-b', tracks: ['inbound'] }), media('outbound', mulaw, 0)],
    'bad_message',
  ],
  ['an unknown track', [startMessage({ callSid: 'CA-c', tracks: ['sideways'] })], 'bad_message'],
  [
    'another format',
    [startMessage({ callSid: 'CA-d', mediaFormat: { encoding: 'audio/l16', sampleRate: 16_000, channels: 1 } })],
    'bad_message',
  ],
  ['an unknown event', [{ event: 'dance' }], 'bad_message'],
  ['an unknown model', [startMessage({ callSid: 'CA-e', customParameters: { models: 'age' } })], 'unknown_model'],
  ['a bad parameter', [startMessage({ callSid: 'CA-f', customParameters: { output_period: '100' } })], 'bad_argument'],
];
for (const [what, messages, code] of wrong) {
  test(`${what} ends the call with the reason`, async () => {
    const client = await new Client(server, '/twilio').ready();
    for (const message of messages) client.send(message);
    await client.closed;
    assert.is(client.messages.at(-1)?.error?.code, code);
  });
}

test.run();
