/** The examples run as they stand, on the built package (`npm test` builds it first). */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { muLaw } from '../src/audio/g711.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

async function example(name: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', `examples/${name}.ts`, ...args], { cwd: root });
  return stdout;
}

/** Of a port that nobody uses now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** The code whose sound is nearest. */
function muLawCode(sample: number): number {
  let best = 0;
  for (let code = 1; code < 256; code++) {
    if (Math.abs(muLaw[code] - sample) < Math.abs(muLaw[best] - sample)) best = code;
  }
  return best;
}

test('chunk', async () => {
  assert.match(await example('chunk'), /^speech (0\.\d+|1)\nfemale (0\.\d+|1)\n$/);
});

test('folder to CSV: a row for each file that is audio', async () => {
  const [head, ...rows] = (await example('folder-to-csv', 'samples')).trimEnd().split('\n');
  assert.is(head, 'file,speech,music,other,silence,male,female');
  assert.equal(
    rows.map((row) => row.split(',')[0]),
    ['"call.flac"', '"reading-room.wav"'],
  );
  assert.ok(
    rows.every((row) =>
      row
        .split(',')
        .slice(1)
        .every((share) => Number(share) >= 0 && Number(share) <= 1),
    ),
  );
});

test('microphone: whatever writes raw samples', async () => {
  const text = await example('microphone', 'tail', '-c', '+45', 'samples/reading-room.wav');
  assert.match(text, /^\d+\.\d\d s {2}speech, female$/m);
});

test('speaking time', async () => {
  assert.match(await example('speaking-time'), /^channel 0: \d+ % speech; women speak \d+ % of the time\n$/);
});

test('Twilio: both sides of a call', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/twilio.ts', '0'], { cwd: root, stdio: 'pipe' });
  try {
    let told = '';
    const until = (pattern: RegExp) =>
      new Promise<string>((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(told);
          if (found) resolve(found[0]);
        };
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          told += text;
          look();
        });
        child.on('exit', () => reject(new Error(`it ended: ${told}`)));
        look();
      });
    const socket = new WebSocket(await until(/ws:\S+/));
    await once(socket, 'open');
    const voice = Buffer.from(await readFile(new URL('../samples/reading-room.wav', import.meta.url))).subarray(44);
    // Every other sample, as mu-law: 8 kHz is enough for the test.
    const law = Uint8Array.from({ length: voice.length >> 2 }, (_, i) => muLawCode(voice.readInt16LE(4 * i)));
    socket.send(JSON.stringify({ event: 'start' }));
    for (let at = 0; at < law.length; at += 160) {
      const media = { track: 'inbound', payload: Buffer.from(law.subarray(at, at + 160)).toString('base64') };
      const quiet = { track: 'outbound', payload: Buffer.alloc(160, 0xff).toString('base64') };
      for (const each of [media, quiet]) socket.send(JSON.stringify({ event: 'media', media: each }));
    }
    socket.send(JSON.stringify({ event: 'stop' }));
    await until(/inbound \d+ ms: speech female/);
    await until(/outbound 0 ms: silence silence/);
  } finally {
    child.kill();
  }
});

test('a queue on Redis', async () => {
  const port = await freePort();
  const redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    redis.stdout.setEncoding('utf8');
    await new Promise<void>((resolve) =>
      redis.stdout.on('data', (text) => text.includes('Ready to accept') && resolve()),
    );
    const text = await example('queue', `redis://127.0.0.1:${port}`, 'samples/call.flac', 'samples/reading-room.wav');
    const [call, voice] = text.trimEnd().split('\n');
    assert.match(call, /^samples\/call\.flac \{.*"speech_fraction":0\.\d+/);
    assert.match(voice, /^samples\/reading-room\.wav \{.*"music_fraction":0,/);
  } finally {
    redis.kill();
  }
});

test('a model of one’s own', async () => {
  assert.match(
    await example('own-model', 'weights'),
    /^Speech, version \d+: results\.speech is one of music, other, speech$/m,
  );
});

test.run();
