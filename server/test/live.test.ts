import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Server, startServer } from '../src/index.ts';
import {
  ask,
  Client,
  eventually,
  frames,
  type Json,
  pcmOf,
  settingsWith,
  speech,
  start,
  toMulaw,
  wait,
} from './support/service.ts';

const test = suite('live calls');
let server: Server;
test.before(async () => {
  server = await start({ maxCalls: 4, maxMessage: 256 });
});
test.after(() => server.close());

const models = ['Speech', 'Gender'];

/** What the library's stream gives, in the messages of the wire. */
async function expected(data: Uint8Array | Int16Array, options: object): Promise<Json[]> {
  const messages: Json[] = [];
  for await (const { channel = 0, ...period } of server.engine.processStream([data], { models, ...options })) {
    messages.push({ message_type: 'results', results: { channels: { [channel]: period } } });
  }
  return messages;
}

/** Numbers within 1e-4, a digit of what is printed; all else equal. */
function assertAlike(messages: Json[], wanted: Json[]): void {
  assert.is(messages.length, wanted.length);
  messages.forEach((message, i) => {
    for (const [path, value] of leaves(message)) {
      const right = leaves(wanted[i]).get(path);
      if (typeof value === 'number' && typeof right === 'number')
        assert.ok(Math.abs(value - right) <= 1e-4, `${path}: ${value}, not ${right}`);
      else assert.is(value, right, path);
    }
  });
}

function leaves(value: Json, path = ''): Map<string, unknown> {
  if (value === null || typeof value !== 'object') return new Map([[path, value]]);
  return new Map(Object.entries(value).flatMap(([key, item]) => [...leaves(item, `${path}.${key}`)]));
}

async function speak(
  path: string,
  chunks: Uint8Array[],
  end: object | Uint8Array = { type: 'CloseStream' },
): Promise<{ client: Client; code: number }> {
  const client = await new Client(server, path).ready();
  for (const chunk of chunks) client.send(chunk);
  client.send(end);
  const { code } = await client.closed;
  return { client, code };
}

test('a stream gives what the library gives, and CloseStream ends it once all is answered', async () => {
  const { client, code } = await speak(
    '/stream?models=speech,gender&include_raw_values=true&output_period=512',
    frames(speech, 640),
  );
  assert.is(code, 1000);
  assertAlike(client.messages, await expected(speech, { outputPeriod: 512, includeRawValues: true }));
  assert.is(client.messages[0].results.channels['0'].timestamp, 0);
});

test('mu-law at 8 kHz, frames of 20 ms, an empty frame at the end', async () => {
  const mulaw = toMulaw(pcmOf(speech).filter((_, i) => i % 2 === 0));
  const { client, code } = await speak('/stream?encoding=mulaw', frames(mulaw, 160), new Uint8Array(0));
  assert.is(code, 1000);
  assert.is(client.messages.length, 4);
  assert.ok(client.messages.some(({ results }) => results.channels['0'].results.speech.result === 'speech'));
});

test('two channels tell each their own, with summary and transitions at the end', async () => {
  const path = '/stream?channels=2&models=speech&include_summary=true&include_transitions=true';
  const { client } = await speak(path, frames(speech.subarray(0, 120_000), 4000));
  const wanted = await expected(speech.subarray(0, 120_000), { channels: 2, models: ['Speech'] });
  assertAlike(client.messages.slice(0, -1), wanted);
  const summary = client.messages.at(-1);
  assert.is(summary.message_type, 'summary');
  assert.equal(Object.keys(summary.results.channels), ['0', '1']);
  const { speech: shares } = summary.results.channels['1'].summary;
  assert.ok(Math.abs(Object.values<number>(shares).reduce((sum, share) => sum + share, 0) - 1) < 1e-3);
  assert.ok(summary.results.channels['0'].transitions.speech.length > 0);
});

test('audio far faster than it is analysed is held back, not dropped', async () => {
  const long = Buffer.concat(Array.from({ length: 30 }, () => speech));
  const { client, code } = await speak('/stream?models=speech,gender', frames(long, 200_000));
  assert.is(code, 1000);
  assertAlike(client.messages, await expected(long, {}));
  const metrics = await ask(server, '/metrics');
  assert.ok(Number(/undertone_call_pauses_total (\d+)/.exec(metrics.body)?.[1]) > 0);
  assert.ok(Number(/undertone_engine_runs_total\{size="1"\} (\d+)/.exec(metrics.body)?.[1]) > 0, metrics.body);
  assert.ok(Number(/^undertone_engine_real_time_factor (\S+)/m.exec(metrics.body)?.[1]) > 0);
});

test('what was asked wrong is said, then the call is closed', async () => {
  const client = await new Client(server, '/stream?models=age').ready();
  const { code, reason } = await client.closed;
  assert.is(code, 1008);
  assert.match(reason, /no model/);
  assert.is(client.messages[0].message_type, 'error');
  assert.is(client.messages[0].error.code, 'unknown_model');
});

test('text that is no message, and audio that is none, end the call', async () => {
  for (const [text, code] of [
    ['{', 1003],
    ['[]', 1003],
    ['{"type":"Dance"}', 1003],
  ] as const) {
    const client = await new Client(server, '/stream').ready();
    client.socket.send(text);
    assert.is((await client.closed).code, code);
    assert.is(client.messages[0].error.code, 'bad_message');
  }
});

test('samples that are no numbers are told, and the call goes on', async () => {
  const floats = Float32Array.from({ length: 32_000 }, (_, i) => (i === 1000 ? NaN : 0.1 * Math.sin(i)));
  const { client, code } = await speak('/stream?encoding=f32le', [new Uint8Array(floats.buffer)]);
  assert.is(code, 1000);
  const warnings = client.messages.filter(({ message_type }) => message_type === 'warning');
  assert.match(warnings[0]?.warning.message, /sample 1000/);
  assert.is(client.messages.filter(({ message_type }) => message_type === 'results').length, 2);
});

test('a call goes on from its snapshot in another process', async () => {
  const other = await start();
  const path = '/stream?models=speech,gender&include_raw_values=true&sample_rate=8000&encoding=mulaw';
  const mulaw = toMulaw(pcmOf(speech).filter((_, i) => i % 2 === 0));
  const middle = 13_333;
  const first = await new Client(server, path).ready();
  first.send(mulaw.subarray(0, middle));
  first.send({ type: 'Snapshot' });
  await eventually(
    () => first.messages.at(-1)?.message_type,
    (type) => type === 'snapshot',
  );
  const { snapshot, bytes } = first.messages.pop();
  assert.is(bytes, middle);
  first.socket.terminate();
  const second = await new Client(other, path).ready();
  second.send({ type: 'Resume', snapshot });
  second.send(mulaw.subarray(middle));
  second.send({ type: 'CloseStream' });
  assert.is((await second.closed).code, 1000);
  const wanted = await expected(mulaw, { encoding: 'mulaw', includeRawValues: true });
  assertAlike([...first.messages, ...second.messages], wanted);
  assert.is(second.messages[0].results.channels['0'].timestamp, 1024);
  await other.close();
});

test('only a snapshot of this service, of such a stream, and before any audio is gone on from', async () => {
  const call = await new Client(server, '/stream?models=speech').ready();
  call.send({ type: 'Snapshot' });
  await call.until(1);
  const { snapshot } = call.messages[0];
  call.socket.terminate();
  const stranger = await start({ secret: 'another secret' });
  const tries: [Server, string, object[], RegExp][] = [
    [server, '/stream?models=speech', [{ type: 'Resume' }], /not one of this service/],
    [server, '/stream?models=speech', [{ type: 'Resume', snapshot: `${snapshot}x` }], /not one of this service/],
    [stranger, '/stream?models=speech', [{ type: 'Resume', snapshot }], /not one of this service/],
    [server, '/stream?models=gender', [{ type: 'Resume', snapshot }], /resume: got a snapshot/],
    [
      server,
      '/stream?models=speech',
      [
        { type: 'Skip', milliseconds: 64 },
        { type: 'Resume', snapshot },
      ],
      /audio came before/,
    ],
  ];
  for (const [to, path, messages, message] of tries) {
    const client = await new Client(to, path).ready();
    for (const item of messages) client.send(item);
    await client.closed;
    assert.match(client.messages.at(-1).error.message, message);
  }
  await stranger.close();
});

test('time in which nothing came counts as silence and keeps the timestamps true', async () => {
  const { client } = await speak('/stream?models=speech', [speech.subarray(0, 32_768)]);
  const gapped = await new Client(server, '/stream?models=speech').ready();
  gapped.send({ type: 'Skip', milliseconds: 2048 });
  gapped.send(speech.subarray(0, 32_768));
  gapped.send({ type: 'CloseStream' });
  await gapped.closed;
  const results = gapped.messages.map(({ results }) => results.channels['0']);
  assert.equal(
    results.map(({ timestamp }) => timestamp),
    [0, 1024, 2048],
  );
  assert.equal(
    results.map(({ results }) => results.speech.result),
    ['silence', 'silence', 'speech'],
  );
  assert.is(client.messages[0].results.channels['0'].results.speech.result, 'speech');
  const muted = await new Client(server, '/stream?output_period=64').ready();
  muted.send({ muted: true });
  await wait(300);
  muted.send({ muted: false });
  muted.send({ type: 'CloseStream' });
  await muted.closed;
  assert.ok(muted.messages.length >= 4 && muted.messages.length < 60);
});

test('a message larger than may be closes the call with 1009', async () => {
  const client = await new Client(server, '/stream').ready();
  client.send(new Uint8Array(256_001));
  assert.is((await client.closed).code, 1009);
  await eventually(
    async () => (await ask(server, '/metrics')).body,
    (text) => /undertone_calls_open\{kind="stream"\} 0/.test(text),
  );
});

test('more calls than may be are told when to come again', async () => {
  const clients = await Promise.all(Array.from({ length: 4 }, () => new Client(server, '/stream').ready()));
  const refused = await new Client(server, '/stream').ready().catch((error) => error);
  assert.is(refused.status, 429);
  assert.is(refused.headers['retry-after'], '5');
  for (const { socket } of clients) socket.close();
  await Promise.all(clients.map(({ closed }) => closed));
  await eventually(
    async () =>
      new Client(server, '/stream').ready().then(
        ({ socket }) => (socket.close(), true),
        () => false,
      ),
    (taken) => taken,
  );
});

test('a call is followed by its name', async () => {
  const call = await new Client(server, '/stream?call_id=desk-1&models=speech').ready();
  await eventually(
    () =>
      new Client(server, '/calls/desk-1/results').ready().then(
        () => true,
        () => false,
      ),
    Boolean,
  );
  const follower = await new Client(server, '/calls/desk-1/results').ready();
  const taken = await new Client(server, '/stream?call_id=desk-1').ready().catch((error) => error);
  assert.is(taken.status, 409);
  call.send(speech);
  call.send({ type: 'CloseStream' });
  await call.closed;
  assert.is((await follower.closed).code, 1000);
  assert.equal(follower.messages, call.messages);
  assert.is(follower.messages.length, 4);
  assert.is((await new Client(server, '/calls/desk-1/results').ready().catch((error) => error)).status, 404);
});

test('a silent call ends, and KeepAlive keeps it', async () => {
  const short = await start({ idleSeconds: 2 });
  const silent = await new Client(short, '/stream').ready();
  const kept = await new Client(short, '/stream').ready();
  const timer = setInterval(() => kept.send({ type: 'KeepAlive' }), 300);
  const { code, reason } = await silent.closed;
  assert.is(code, 1008);
  assert.match(reason, /nothing came for 2 s/);
  assert.is(silent.messages[0].error.code, 'idle');
  await wait(2500);
  assert.is(kept.socket.readyState, kept.socket.OPEN);
  clearInterval(timer);
  await kept.closed;
  await short.close();
});

test('a caller that does not read is cut with the reason', async () => {
  const tight = await start({ maxUnread: 16 });
  const client = await new Client(tight, '/stream?output_period=64&include_raw_values=true').ready();
  client.socket.pause();
  const silence = new Uint8Array(2_000_000 / 4);
  // What the kernel takes on both sides comes first, several MB of it.
  let cut = false;
  for (let i = 0; i < 400 && !cut; i++) {
    client.send(silence);
    await wait(5);
    const { body } = await ask(tight, '/metrics');
    cut = /undertone_calls_ended_total\{kind="stream",reason="slow_reader"\} 1/.test(body);
  }
  assert.ok(cut);
  client.socket.terminate();
  await tight.close();
});

test('a call may last so long and no longer', async () => {
  const short = await start({ callSeconds: 1 });
  const client = await new Client(short, '/stream').ready();
  assert.match((await client.closed).reason, /may last 1 s/);
  await short.close();
});

test('at the end calls may finish; no new ones come', async () => {
  const ending = await startServer(settingsWith());
  const client = await new Client(ending, '/stream?models=speech').ready();
  client.send(speech);
  await client.until(1);
  const over = new AbortController();
  const closing = ending.close(over.signal);
  const refused = await new Client(ending, '/stream').ready().catch((error) => error);
  assert.is(refused.status, 503);
  assert.is((await ask(ending, '/readyz')).status, 503);
  client.send(speech);
  client.send({ type: 'CloseStream' });
  assert.is((await client.closed).code, 1000);
  assert.is(client.messages.length, 8);
  await closing;
});

test('when the grace is over, a call is handed its state and told to connect again', async () => {
  const ending = await startServer(settingsWith());
  const client = await new Client(ending, '/stream?models=speech,gender').ready();
  client.send(speech.subarray(0, 70_000));
  await client.until(2);
  await ending.close();
  assert.is((await client.closed).code, 1012);
  const { message_type, snapshot, bytes } = client.messages.pop();
  assert.equal([message_type, bytes], ['snapshot', 70_000]);
  const next = await new Client(server, '/stream?models=speech,gender').ready();
  next.send({ type: 'Resume', snapshot });
  next.send(speech.subarray(bytes));
  next.send({ type: 'CloseStream' });
  await next.closed;
  assertAlike([...client.messages, ...next.messages], await expected(speech, {}));
});

test.run();
