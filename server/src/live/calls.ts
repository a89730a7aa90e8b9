/** All live calls of a process: how many there may be, which of them must end, who follows one. */
import type { Engine } from 'undertone';
import type { WebSocket } from 'ws';
import type { Keyring } from '../http/auth.ts';
import { draining, ServiceError } from '../http/errors.ts';
import type { Metrics } from '../metrics.ts';
import type { Settings } from '../settings.ts';

/** Close codes of WebSocket, RFC 6455 section 7.4.1 and the IANA registry. */
export const closeCodes = {
  done: 1000,
  notUnderstood: 1003,
  policy: 1008,
  internal: 1011,
  restart: 1012,
} as const;

export type EndReason =
  | 'done'
  | 'gone'
  | 'idle'
  | 'too_long'
  | 'slow_reader'
  | 'bad_message'
  | 'bad_audio'
  | 'unauthorized'
  | 'internal'
  | 'moved';

export interface LiveCall {
  readonly kind: 'stream' | 'twilio';
  /** Ends the call for a reason that is not the caller's own. */
  cut(code: number, reason: EndReason, message: string): void;
  /** Hands the call's state to the caller, so that it goes on elsewhere, and ends it. */
  move(): Promise<void>;
  /** Looks at what time does to a call; `now` as performance.now(). */
  tick(now: number): void;
}

export interface CallLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface LiveContext {
  readonly engine: Engine;
  readonly settings: Settings;
  readonly metrics: Metrics;
  readonly keyring: Keyring;
  readonly calls: Calls;
}

const tickMs = 1000;

export class Calls {
  readonly #settings: Settings;
  readonly #metrics: Metrics;
  readonly #open = new Set<LiveCall>();
  readonly #followed = new Map<string, Set<WebSocket>>();
  readonly #timer: NodeJS.Timeout;
  #draining = false;
  #onEmpty: (() => void) | undefined;

  constructor(settings: Settings, metrics: Metrics) {
    this.#settings = settings;
    this.#metrics = metrics;
    this.#timer = setInterval(() => {
      const now = performance.now();
      for (const call of this.#open) call.tick(now);
    }, tickMs).unref();
  }

  get size(): number {
    return this.#open.size;
  }

  /** @throws ServiceError while this process ends, or if there are as many calls as there may be */
  mustTakeOne(): void {
    if (this.#draining) throw draining();
    if (this.#open.size >= this.#settings.maxCalls) {
      throw new ServiceError(
        429,
        'too_many_calls',
        `${this.#settings.maxCalls} calls are under way, as many as may be`,
        5,
      );
    }
  }

  add(call: LiveCall): void {
    this.#open.add(call);
    this.#metrics.callsOpen.inc({ kind: call.kind });
  }

  remove(call: LiveCall, reason: EndReason): void {
    if (!this.#open.delete(call)) return;
    this.#metrics.callsOpen.dec({ kind: call.kind });
    this.#metrics.callsEnded.inc({ kind: call.kind, reason });
    if (this.#open.size === 0) this.#onEmpty?.();
  }

  /** No more calls; those under way may end until the signal comes, then each is moved. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#draining = true;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (this.#open.size === 0 || signal.aborted) resolve();
    });
    await empty;
    await Promise.all([...this.#open].map((call) => call.move()));
    for (const followers of this.#followed.values())
      for (const socket of followers) socket.close(closeCodes.restart, 'the process ends');
    clearInterval(this.#timer);
  }

  isOpen(name: string): boolean {
    return this.#followed.has(name);
  }

  /** @throws ServiceError 409 if a call under way has this name */
  mustBeFree(name: string): void {
    if (this.#followed.has(name)) throw new ServiceError(409, 'call_id_taken', 'another call under way has this name');
  }

  /** Lets a call be followed by its name. @throws ServiceError 409 if another call under way has it */
  announce(name: string): void {
    this.mustBeFree(name);
    this.#followed.set(name, new Set());
  }

  /** The call has ended, and with it those who followed it. */
  withdraw(name: string): void {
    for (const socket of this.#followed.get(name) ?? []) socket.close(closeCodes.done, 'the call has ended');
    this.#followed.delete(name);
  }

  follow(name: string, socket: WebSocket): void {
    const followers = this.#followed.get(name);
    if (!followers) return socket.close(closeCodes.policy, 'there is no such call');
    followers.add(socket);
    socket.on('close', () => followers.delete(socket));
    socket.on('error', () => socket.terminate());
  }

  tell(name: string, message: string): void {
    for (const socket of this.#followed.get(name) ?? []) {
      if (socket.bufferedAmount > this.#settings.maxUnread * 1000)
        cutSocket(socket, closeCodes.policy, 'results are not read');
      else socket.send(message);
    }
  }
}

/** What is still to be sent may be stuck, so the close is given a moment and then not waited for. */
const closeMs = 2000;

export function cutSocket(socket: WebSocket, code: number, reason: string): void {
  // A reason has 123 bytes at most; ours are ASCII.
  socket.close(code, reason.slice(0, 120));
  setTimeout(() => socket.terminate(), closeMs).unref();
}
