/** A server of its own for a test, and ways to speak to it. */
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { defaults, type Server, type Settings, startServer } from '../../src/index.ts';

/** Whatever was answered. */
export type Json = ReturnType<typeof JSON.parse>;

export const key = 'a-key-for-tests-0001';
export const samples = new URL('../../../samples/', import.meta.url);
export const readingRoom = readFileSync(new URL('reading-room.wav', samples));
export const call = readFileSync(new URL('call.flac', samples));
/** The samples of reading-room.wav: 16 kHz, s16le, behind a header of 44 bytes. */
export const speech = readingRoom.subarray(44);

export function settingsWith(changes: Partial<Settings> = {}): Settings {
  return { ...defaults, port: 0, keys: [key], logLevel: 'silent', device: 'cpu', threads: 1, rateLimit: 0, ...changes };
}

export async function start(changes: Partial<Settings> = {}): Promise<Server> {
  return startServer(settingsWith(changes));
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

export async function ask(
  server: { url: string },
  path: string,
  init: RequestInit & { key?: string | null } = {},
): Promise<Answer> {
  const { key: own = key, ...rest } = init;
  const headers = new Headers(rest.headers);
  if (own !== null) headers.set('authorization', `Bearer ${own}`);
  const response = await fetch(`${server.url}${path}`, { ...rest, headers });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
}

export function post(
  server: { url: string },
  path: string,
  body: Uint8Array | string | object,
  init: RequestInit & { key?: string | null } = {},
): Promise<Answer> {
  const bytes = body instanceof Uint8Array || typeof body === 'string';
  const type = bytes ? 'application/octet-stream' : 'application/json';
  const headers = new Headers(init.headers);
  if (!headers.has('content-type')) headers.set('content-type', type);
  return ask(server, path, { ...init, method: 'POST', headers, body: (bytes ? body : JSON.stringify(body)) as never });
}

/** A socket whose messages are kept. */
export class Client {
  readonly socket: WebSocket;
  readonly messages: Json[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #wake: (() => void)[] = [];

  constructor(
    server: { url: string },
    path: string,
    { headers = { 'x-api-key': key } as Record<string, string>, protocols = [] as string[] } = {},
  ) {
    this.socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}`, protocols, { headers });
    this.socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)));
      for (const wake of this.#wake.splice(0)) wake();
    });
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
    );
    void this.closed.then(() => {
      for (const wake of this.#wake.splice(0)) wake();
    });
    this.socket.on('error', () => {});
  }

  /** Resolves when the socket is open. @throws Error with the status where it was refused */
  ready(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.socket.once('open', () => resolve(this));
      this.socket.once('unexpected-response', (_, response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () =>
          reject(
            Object.assign(new Error(`${response.statusCode} ${text}`), {
              status: response.statusCode,
              headers: response.headers,
            }),
          ),
        );
      });
    });
  }

  send(data: Uint8Array | object): void {
    this.socket.send(data instanceof Uint8Array ? data : JSON.stringify(data));
  }

  /** Resolves once there are so many messages, or the socket has closed. */
  async until(count: number): Promise<Json[]> {
    while (this.messages.length < count && this.socket.readyState !== WebSocket.CLOSED) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    return this.messages;
  }
}

export const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks until the answer is as wished. @throws Error after ten seconds */
export async function eventually<T>(
  look: () => Promise<T> | T,
  right: (value: T) => boolean,
  seconds = 20,
): Promise<T> {
  for (const end = Date.now() + seconds * 1000; ; ) {
    const value = await look();
    if (right(value)) return value;
    if (Date.now() > end) throw new Error(`not so after ${seconds} s: ${JSON.stringify(value)}`);
    await wait(20);
  }
}

export function frames(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

/** mu-law, by the formula and with rounding: the inverse of what the service does. */
export function toMulaw(samples: Int16Array): Uint8Array {
  return Uint8Array.from(samples, (sample) => {
    const sign = sample < 0 ? 0x80 : 0;
    const magnitude = Math.min(32_635, Math.abs(sample)) + 0x84;
    const exponent = Math.max(0, Math.floor(Math.log2(magnitude)) - 7);
    return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
  });
}

export function pcmOf(bytes: Uint8Array): Int16Array {
  return new Int16Array(Uint8Array.from(bytes).buffer);
}
