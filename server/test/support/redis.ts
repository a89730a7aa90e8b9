/** A Redis of its own for a test, on a free port, that can be killed and started again with what it had. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wait } from './service.ts';

export class Redis {
  readonly folder = mkdtempSync(join(tmpdir(), 'undertone-redis-'));
  #port = 0;
  #process: ChildProcess | undefined;

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    this.#port ||= await freePort();
    const options = ['--port', String(this.#port), '--bind', '127.0.0.1', '--dir', this.folder, '--save', ''];
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'];
    this.#process = spawn('redis-server', [...options, ...durable], { stdio: 'ignore' });
    this.#process.on('error', (error) => {
      throw new Error(`redis-server is needed (apt-get install redis-server): ${error.message}`);
    });
    while (!(await this.#answers())) await wait(50);
    return this;
  }

  async kill(): Promise<void> {
    await end(this.#process, 'SIGKILL');
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.#port, '127.0.0.1', () => socket.write('PING\r\n'));
      socket.on('data', (data) => {
        socket.destroy();
        resolve(String(data).startsWith('+PONG'));
      });
      socket.on('error', () => resolve(false));
    });
  }
}

/** A command of this package, as it is installed: built, in a process of its own. */
export function run(name: 'undertone-server' | 'undertone-worker', ...args: string[]): ChildProcess & { text: string } {
  const bin = fileURLToPath(new URL(`../../bin/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const running = Object.assign(child, { text: '' });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (running.text += chunk));
  return running;
}

/** Resolves with the exit code, or the signal that ended it. */
export function ended(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  if (child.signalCode !== null) return Promise.resolve(child.signalCode);
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
}

export async function end(
  child: ChildProcess | undefined,
  signal: NodeJS.Signals,
): Promise<number | NodeJS.Signals | null> {
  if (!child) return null;
  const over = ended(child);
  child.kill(signal);
  return over;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
