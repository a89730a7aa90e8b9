import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, frames, type Json, key, pcmOf, speech, start } from './support/service.ts';

const test = suite('examples');

test('a call comes from AudioSocket', async () => {
  const server = await start();
  const bridge = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('../examples/audiosocket.ts', import.meta.url)), '0'],
    {
      env: { ...process.env, UNDERTONE_URL: server.url.replace('http', 'ws'), UNDERTONE_KEY: key },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let [said, heard] = ['', ''];
  bridge.stderr.on('data', (chunk) => (said += chunk));
  bridge.stdout.on('data', (chunk) => (heard += chunk));
  await eventually(
    () => said,
    (text) => /AudioSocket on \d+/.test(text),
  );
  const socket = connect(Number(/\d+/.exec(said)?.[0]), '127.0.0.1');
  const message = (kind: number, payload: Uint8Array) =>
    Buffer.concat([Buffer.from([kind, payload.length >> 8, payload.length & 255]), payload]);
  const half = pcmOf(speech).filter((_, i) => i % 2 === 0);
  const all = [
    message(1, Buffer.alloc(16, 7)),
    ...frames(new Uint8Array(half.buffer), 320).map((frame) => message(16, frame)),
    message(0, new Uint8Array(0)),
  ];
  // In pieces that no message keeps to.
  for (const piece of frames(Buffer.concat(all), 1000)) socket.write(piece);
  const lines = await eventually(
    () => heard.trim().split('\n'),
    ({ length }) => length === 4,
  );
  const periods: Json[] = lines.map((line) => JSON.parse(line));
  assert.is(periods[0].id, '07'.repeat(16));
  assert.ok(periods.some(({ results }) => results.channels['0'].results.gender.result === 'female'));
  bridge.kill();
  await server.close();
});

test.run();
