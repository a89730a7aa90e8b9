/**
 * Live calls in real time: so many sockets at once for so long, telephone audio in packets of 20 ms. Prints how late answers
 * came, what the server's process used, and whether every answer is the library's.
 * usage: node --import tsx bench/live.ts [--calls 500] [--seconds 60] [--twilio]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Engine } from 'undertone';
import { WebSocket } from 'ws';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '60' },
    twilio: { type: 'boolean', default: false },
  },
});
const calls = Number(values.calls);
const seconds = Number(values.seconds);
const key = 'a-key-for-benchmarks';
const packetMs = 20;
const packetBytes = 160;
const periodMs = 1024;
const models = ['Speech', 'Gender'];

type Result = { readonly timestamp: number; readonly results: Record<string, { result: string; confidence: number }> };

/** mu-law at 8 kHz of the samples that come with undertone, again and again. */
function telephone(): Uint8Array {
  const wav = readFileSync(new URL('../../samples/reading-room.wav', import.meta.url)).subarray(44);
  const voice = new Int16Array(Uint8Array.from(wav).buffer).filter((_, i) => i % 2 === 0);
  const bytes = new Uint8Array(Math.ceil((seconds * 1000) / packetMs) * packetBytes);
  for (let i = 0; i < bytes.length; i++) {
    const sample = voice[i % voice.length] ?? 0;
    const magnitude = Math.min(32_635, Math.abs(sample)) + 0x84;
    const exponent = Math.max(0, Math.floor(Math.log2(magnitude)) - 7);
    bytes[i] = ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
  }
  return bytes;
}

const made: Buffer[] = [];

/**
 * A packet as a frame of WebSocket, the same bytes for every call: the sender shares the machine with what it measures, so
 * that it must cost little. Frames of clients are masked; the mask is zeros.
 */
function frameOf(i: number, audio: Uint8Array): Buffer {
  const known = made[i];
  if (known) return known;
  const packet = audio.subarray(i * packetBytes, (i + 1) * packetBytes);
  const timestamp = String(i * packetMs);
  const media = { track: 'inbound', timestamp, payload: Buffer.from(packet).toString('base64') };
  const payload = values.twilio ? Buffer.from(JSON.stringify({ event: 'media', media })) : packet;
  const head = Buffer.from([
    values.twilio ? 0x81 : 0x82,
    0x80 | 126,
    payload.length >> 8,
    payload.length & 0xff,
    0,
    0,
    0,
    0,
  ]);
  const frame = Buffer.concat([head, payload]);
  made[i] = frame;
  return frame;
}

class Call {
  readonly results: { readonly at: number; readonly period: Result }[] = [];
  readonly sentAt: number[] = [];
  readonly #socket: WebSocket;
  readonly #audio: Uint8Array;
  #line: Socket | undefined;
  #sent = 0;
  #start = 0;

  constructor(url: string, audio: Uint8Array) {
    this.#audio = audio;
    const path = values.twilio ? '/twilio?models=speech,gender' : '/stream?models=speech,gender&encoding=mulaw';
    this.#socket = new WebSocket(url.replace('http', 'ws') + path, { headers: { 'x-api-key': key } });
    this.#socket.on('message', (data) => {
      const at = performance.now();
      const message = JSON.parse(String(data));
      if (message.message_type !== 'results') throw new Error(String(data));
      this.results.push({ at, period: message.results.channels['0'] });
    });
  }

  opened(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#socket.once('open', () => {
        this.#line = (this.#socket as unknown as { _socket: Socket })._socket;
        resolve(undefined);
      });
      this.#socket.once('error', reject);
    });
  }

  begin(now: number): void {
    this.#start = now;
    if (!values.twilio) return;
    const format = { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 };
    this.#socket.send(JSON.stringify({ event: 'start', start: { tracks: ['inbound'], mediaFormat: format } }));
  }

  /** Sends what is due; false when all is sent. */
  step(now: number): boolean {
    while (now >= this.#start + this.#sent * packetMs) {
      const from = this.#sent * packetBytes;
      if (from >= this.#audio.length) return false;
      this.#line?.write(frameOf(this.#sent, this.#audio));
      this.#sent++;
      this.sentAt.push(performance.now());
    }
    return true;
  }

  async end(): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.send(JSON.stringify(values.twilio ? { event: 'stop' } : { type: 'CloseStream' }));
    await closed;
  }

  /**
   * From when a period's last packet was due to when its answer is here, for whole periods. The packet after a period's end
   * is the last: the resampler needs its first samples to give the period's last ones.
   */
  delays(): number[] {
    return this.results.flatMap(({ at, period }) => {
      const last = Math.floor((period.timestamp + periodMs) / packetMs);
      return last * packetBytes < this.#audio.length ? [at - (this.#start + last * packetMs)] : [];
    });
  }
}

async function startServer(): Promise<{ child: ChildProcess; url: string }> {
  const bin = fileURLToPath(new URL('../bin/undertone-server.js', import.meta.url));
  const options = [
    '--port',
    '0',
    '--keys',
    key,
    '--max-calls',
    String(calls),
    '--rate-limit',
    '0',
    '--log-level',
    'error',
  ];
  const child = spawn(process.execPath, [bin, ...options], { stdio: ['ignore', 'inherit', 'pipe'] });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the server ended')));
    child.stderr.on('data', (text) => {
      const found = /on (http:\S+)/.exec(String(text))?.[1];
      if (found) resolve(found);
    });
  });
  return { child, url };
}

/** CPU seconds and MB of a process, from /proc. */
function used(pid: number | undefined): { cpu: number; memory: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, memory: resident / 1024 };
}

const audio = telephone();
const { child, url } = await startServer();
const all: Call[] = [];
for (let i = 0; i < calls; i++) {
  const call = new Call(url, audio);
  await call.opened();
  all.push(call);
}
const before = used(child.pid);
const clock = performance.now();
// Calls begin when they like, spread over two periods.
for (const [i, call] of all.entries()) call.begin(clock + 100 + (i * 2 * periodMs) / calls);
const memory: number[] = [];
let late = 0;
let nextLook = clock;
await new Promise<void>((resolve) => {
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    late = Math.max(late, now - last);
    last = now;
    const busy = all.filter((call) => call.step(now)).length;
    if (now > nextLook) {
      memory.push(used(child.pid).memory);
      nextLook = now + 1000;
    }
    if (busy === 0) {
      clearInterval(timer);
      resolve();
    }
  }, 5);
});
const spent = (performance.now() - clock) / 1000;
const after = used(child.pid);
await Promise.all(all.map((call) => call.end()));
child.kill('SIGTERM');

const engine = await Engine.create({ device: 'cpu' });
const right: Result[] = [];
for await (const period of engine.processStream([audio], { encoding: 'mulaw', models })) right.push(period as Result);
await engine.dispose();
let wrong = 0;
let largest = 0;
for (const { results } of all) {
  if (results.length !== right.length) wrong++;
  for (const [i, { period }] of results.entries()) {
    for (const [model, { result, confidence }] of Object.entries(period.results)) {
      const wanted = right[i]?.results[model];
      if (wanted?.result !== result) wrong++;
      largest = Math.max(largest, Math.abs(confidence - (wanted?.confidence ?? 9)));
    }
  }
}
const delays = all.flatMap((call) => call.delays()).sort((a, b) => a - b);
const at = (share: number) => Math.round(delays[Math.min(delays.length - 1, Math.floor(share * delays.length))] ?? NaN);
const third = Math.floor(memory.length / 3);
const mean = (list: number[]) => Math.round(list.reduce((sum, value) => sum + value, 0) / list.length);
console.log(
  JSON.stringify({
    calls,
    seconds,
    protocol: values.twilio ? 'twilio' : 'stream',
    periods: delays.length,
    delay_ms: { p50: at(0.5), p99: at(0.99), largest: at(1) },
    sender_late_ms: Math.round(late),
    answers_wrong: wrong,
    largest_difference: largest,
    cores_used: Number(((after.cpu - before.cpu) / spent).toFixed(2)),
    memory_mb: {
      second_third: mean(memory.slice(third, 2 * third)),
      last_third: mean(memory.slice(2 * third)),
      most: Math.round(Math.max(...memory)),
    },
    machine: {
      cpu: cpus()[0]?.model,
      cores: cpus().length,
      load: loadavg().map((load) => Number(load.toFixed(1))),
      node: process.version,
    },
  }),
);
process.exit(wrong === 0 ? 0 : 1);
