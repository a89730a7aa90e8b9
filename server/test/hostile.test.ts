import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Server } from '../src/index.ts';
import { ask, Client, eventually, key, post, speech, start, wait } from './support/service.ts';

const test = suite('hostile callers');
let server: Server;
test.before(async () => {
  server = await start({ maxBody: 1, maxMessage: 64, maxCalls: 100, bodySeconds: 2 });
});
test.after(() => server.close());

/** Speaks raw bytes and gives all that comes back until the server closes. */
function raw(...parts: (string | Uint8Array)[]): { socket: Socket; answer: Promise<string> } {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (chunk) => (text += chunk));
  const answer = new Promise<string>((resolve) => {
    socket.on('close', () => resolve(text));
    socket.on('error', () => resolve(text));
  });
  for (const part of parts) socket.write(part);
  return { socket, answer };
}

async function stillServes(): Promise<void> {
  assert.is((await post(server, '/v1/chunk?models=speech&encoding=s16le', speech.subarray(0, 4000))).status, 200);
}

test('a body that trickles is cut off', async () => {
  const head = `POST /file-processing HTTP/1.1\r\nHost: x\r\nX-Api-Key: ${key}\r\nContent-Type: audio/wav\r\nContent-Length: 100000\r\n\r\n`;
  const { socket, answer } = raw(head);
  const timer = setInterval(() => socket.write('x'), 100);
  const text = await answer;
  clearInterval(timer);
  assert.match(text, /^HTTP\/1\.1 (408|400)/);
  await stillServes();
});

test('headers that trickle are cut off, many at once', async () => {
  const slow = Array.from({ length: 50 }, () => raw('GET /healthz HTTP/1.1\r\nHost: x\r\n'));
  const timer = setInterval(() => {
    for (const { socket } of slow) if (!socket.destroyed) socket.write('X-A: b\r\n');
  }, 200);
  await stillServes();
  const answers = await Promise.all(slow.map(({ answer }) => answer));
  clearInterval(timer);
  assert.ok(answers.every((text) => text === '' || /^HTTP\/1\.1 408/.test(text)));
});

test('a body larger than it may be is refused before it is read', async () => {
  const head = `POST /file-processing HTTP/1.1\r\nHost: x\r\nX-Api-Key: ${key}\r\nContent-Type: audio/wav\r\nContent-Length: 900000000000\r\n\r\n`;
  const { answer } = raw(head, new Uint8Array(2_000_000));
  assert.match(await answer, /^HTTP\/1\.1 413/);
  await stillServes();
});

test('lengths, encodings and headers that contradict themselves are refused', async () => {
  const start = `POST /v1/chunk HTTP/1.1\r\nHost: x\r\nX-Api-Key: ${key}\r\n`;
  const requests = [
    `${start}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${start}Content-Length: -5\r\n\r\n`,
    `${start}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
    `${start}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`,
    'GET / HTTP/9.9\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  ];
  for (const request of requests) assert.match(await raw(request).answer, /^HTTP\/1\.1 4\d\d/);
  await stillServes();
});

test('bodies of noise are an answer or an error of ours', async () => {
  for (let i = 0; i < 60; i++) {
    const bytes = randomBytes(1 + Math.floor(Math.random() * 20_000));
    const heads = ['RIFF', 'fLaC', 'OggS', 'ID3', '\xff\xfb'];
    if (i % 2) bytes.write(heads[i % 5] ?? '', 0, 'latin1');
    const path = ['/v1/chunk?encoding=s16le', '/v1/chunk?encoding=f32le', '/v1/chunk', '/file-processing'][i % 4] ?? '';
    const { status, body } = await post(server, path, bytes);
    assert.ok(status === 200 || (status >= 400 && status < 500), `${path}: ${status} ${JSON.stringify(body)}`);
    if (status !== 200) assert.type(body.error.code, 'string');
  }
  await stillServes();
});

test('queries of all kinds are an answer or an error of ours', async () => {
  const values = [
    '',
    '0',
    '-1',
    '1e999',
    'NaN',
    'null',
    'true',
    '[]',
    '{}',
    '__proto__',
    'constructor',
    '%00',
    '%F0%9F%92%A5',
    'a'.repeat(5000),
    '64&output_period=128',
    '../../x',
    "'; --",
  ];
  const names = [
    'models',
    'output_period',
    'channel',
    'channels',
    'sample_rate',
    'encoding',
    'volume_threshold',
    'include_summary',
    '__proto__',
    'toString',
  ];
  for (const name of names) {
    for (const value of values) {
      const { status, body } = await post(
        server,
        `/file-processing?encoding=s16le&${name}=${value}`,
        speech.subarray(0, 4096),
      );
      assert.ok(
        status === 200 || (status >= 400 && status < 500),
        `${name}=${value}: ${status} ${JSON.stringify(body)}`,
      );
    }
  }
});

test('frames of all kinds end their call alone', async () => {
  const steady = await new Client(server, '/stream?models=speech').ready();
  const hostile: ((client: Client) => void)[] = [
    ({ socket }) => socket.send(randomBytes(65_000)),
    ({ socket }) => socket.send(randomBytes(70_000)),
    ({ socket }) => socket.send('x'.repeat(70_000)),
    ({ socket }) => socket.send(JSON.stringify({ type: { type: 'KeepAlive' } })),
    ({ socket }) => socket.send(`{"type":"Resume","snapshot":"${'A'.repeat(40_000)}.A"}`),
    ({ socket }) => socket.send('[['.repeat(30_000)),
    ({ socket }) => socket.send(Buffer.from([0xff, 0xfe, 0xfd]), { binary: false }),
    ({ socket }) => socket.terminate(),
    ({ socket }) => (socket as unknown as { _socket: Socket })._socket.write(randomBytes(1000)),
    ({ socket }) =>
      (socket as unknown as { _socket: Socket })._socket.write(
        Buffer.from([0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
      ),
    ({ socket }) => {
      for (let i = 0; i < 2000; i++) socket.ping();
      socket.close();
    },
    ({ socket }) => {
      for (let i = 0; i < 5000; i++) socket.send('{"type":"KeepAlive"}');
      socket.close();
    },
  ];
  for (const act of hostile) {
    for (const path of ['/stream', '/twilio']) {
      const client = await new Client(server, path).ready();
      act(client);
      await wait(20);
      client.socket.terminate();
      await client.closed;
    }
  }
  steady.send(speech.subarray(0, 64_000));
  steady.send({ type: 'CloseStream' });
  assert.is((await steady.closed).code, 1000);
  assert.is(steady.messages.length, 2);
  await eventually(
    async () => (await ask(server, '/metrics')).body,
    (text) =>
      /undertone_calls_open\{kind="stream"\} 0\n/.test(text) && /undertone_calls_open\{kind="twilio"\} 0\n/.test(text),
  );
});

test('callers that leave in the middle cost nothing that stays', async () => {
  for (let i = 0; i < 20; i++) {
    const leaving = new AbortController();
    const answer = post(server, '/file-processing', speech.subarray(0, 100_000), { signal: leaving.signal }).catch(
      () => 'left',
    );
    setTimeout(() => leaving.abort(), i);
    await answer;
  }
  await eventually(
    async () => (await ask(server, '/metrics')).body,
    (text) => /undertone_requests_under_way 0\n/.test(text),
  );
  await stillServes();
});

test.run();
