/** A live call: its socket, its lines of sound, and the rules that every protocol shares. */
import type { StreamResult } from 'undertone';
import type { RawData, WebSocket } from 'ws';
import type { Asked } from '../analysis.ts';
import { bodyOf, publicError, ServiceError } from '../http/errors.ts';
import { type CallLog, closeCodes, cutSocket, type EndReason, type LiveCall, type LiveContext } from './calls.ts';
import { Line } from './line.ts';

/** What a protocol does with what comes; both are called in order, and what they throw ends the call. */
export interface Protocol {
  readonly kind: LiveCall['kind'];
  onAudio(call: Call, bytes: Buffer): void;
  onText(call: Call, text: string): void | Promise<void>;
  /** What the caller needs to go on elsewhere. */
  onMove?(call: Call): Promise<void>;
}

export interface CallOptions {
  /** By this name the call is followed. */
  readonly name?: string | undefined;
  /** Whether results go to the socket that the audio comes from. */
  readonly answersHere: boolean;
}

const pingMs = 20_000;

export class Call implements LiveCall {
  readonly kind: LiveCall['kind'];
  readonly context: LiveContext;
  readonly #socket: WebSocket;
  readonly #protocol: Protocol;
  readonly #log: CallLog;
  readonly #lines = new Map<string, Line>();
  readonly #start = performance.now();
  #name: string | undefined;
  #answersHere: boolean;
  /** Lines that have no room, and work that must be done before the next message. */
  #holds = 0;
  #works = 0;
  /** What had been read from the socket before it was paused. */
  readonly #early: (() => void)[] = [];
  #lastSign = performance.now();
  #lastPing = performance.now();
  #pongDue = false;
  #periods = 0;
  #state: 'open' | 'finishing' | 'over' = 'open';

  constructor(context: LiveContext, socket: WebSocket, protocol: Protocol, log: CallLog, options: CallOptions) {
    this.kind = protocol.kind;
    this.context = context;
    this.#socket = socket;
    this.#protocol = protocol;
    this.#log = log;
    this.#answersHere = options.answersHere;
    context.calls.add(this);
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#pongDue = false;
    });
    socket.on('close', () => this.#over('gone'));
    // Oversized and malformed frames: ws has sent the right close code already.
    socket.on('error', () => this.#over('bad_message'));
    if (options.name !== undefined) this.#guard(() => this.announce(options.name ?? '', options.answersHere));
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  line(channel: string): Line | undefined {
    return this.#lines.get(channel);
  }

  /** Gives the call its name late, where only its messages tell it. */
  announce(name: string, answersHere: boolean): void {
    this.context.calls.announce(name);
    this.#name = name;
    this.#answersHere = answersHere;
  }

  /** Opens a line, in place of the one there was; nothing more is read from the socket until it is there. */
  async openLine(channel: string, asked: Asked, resume?: Uint8Array): Promise<Line | undefined> {
    return this.hold(async () => {
      const { engine, metrics } = this.context;
      const events = {
        onResult: (period: StreamResult) => this.#tell(channel, period),
        onError: (error: unknown) => this.fail(error),
        onWarning: (error: unknown) => this.#warn(error),
        onFull: (full: boolean) => this.#hold(full ? 1 : -1),
      };
      const line = await Line.open(engine, asked, metrics, events, resume);
      this.#lines.get(channel)?.cancel();
      if (this.#state === 'over') {
        line.cancel();
        return undefined;
      }
      this.#lines.set(channel, line);
      return line;
    });
  }

  /** Reads nothing more from the socket until the work is done. What it throws ends the call. */
  async hold<T>(work: () => Promise<T>): Promise<T | undefined> {
    this.#hold(1);
    this.#works++;
    try {
      return await work();
    } catch (error) {
      this.fail(error);
      return undefined;
    } finally {
      this.#works--;
      while (this.#works === 0 && this.#early.length > 0) this.#early.shift()?.();
      this.#hold(-1);
    }
  }

  /** A sign of life that is no audio. */
  touch(): void {
    this.#lastSign = performance.now();
  }

  send(message: object): void {
    if (this.#state !== 'over') this.#socket.send(JSON.stringify(message));
  }

  /** No more audio comes: the rest is analysed, told, and the call ends. */
  async finish(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'finishing';
    try {
      await Promise.all([...this.#lines.values()].map((line) => line.finish()));
    } catch (error) {
      return this.fail(error);
    }
    this.#tellOverviews();
    this.#socket.close(closeCodes.done, 'done');
    this.#over('done');
  }

  /** Something went wrong that ends the call: the caller is told what. */
  fail(error: unknown): void {
    const known = publicError(error);
    const inside = known.statusCode >= 500;
    if (inside) this.#log.error({ err: error }, 'a call failed');
    const reason: EndReason = inside
      ? 'internal'
      : known.code === 'bad_message' || known.code === 'unauthorized'
        ? known.code
        : 'bad_audio';
    this.#end(
      inside ? closeCodes.internal : known.code === 'bad_message' ? closeCodes.notUnderstood : closeCodes.policy,
      reason,
      known,
    );
  }

  cut(code: number, reason: EndReason, message: string): void {
    this.#end(code, reason, new ServiceError(408, reason, message));
  }

  async move(): Promise<void> {
    await this.hold(async () => this.#protocol.onMove?.(this));
    if (this.#state === 'over') return;
    cutSocket(this.#socket, closeCodes.restart, 'this process ends; connect again');
    this.#over('moved');
  }

  tick(now: number): void {
    const { idleSeconds, callSeconds, maxUnread } = this.context.settings;
    if (this.#socket.bufferedAmount > maxUnread * 1000) return this.#slow();
    if (now - this.#start > callSeconds * 1000)
      return this.cut(closeCodes.policy, 'too_long', `a call may last ${callSeconds} s`);
    // A call that is held back can't show that it lives.
    if (this.#holds > 0) this.touch();
    if (now - this.#lastSign > idleSeconds * 1000) {
      return this.cut(closeCodes.policy, 'idle', `nothing came for ${idleSeconds} s`);
    }
    if (this.#holds > 0 || now - this.#lastPing < pingMs) return;
    if (this.#pongDue) {
      this.#socket.terminate();
      return this.#over('gone');
    }
    this.#pongDue = true;
    this.#lastPing = now;
    this.#socket.ping();
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#state !== 'open') return;
    if (this.#works > 0) return void this.#early.push(() => this.#receive(data, isBinary));
    this.touch();
    this.#guard(() => {
      // ws gives one Buffer, since binaryType is "nodebuffer".
      if (isBinary) return this.#protocol.onAudio(this, data as Buffer);
      return this.#protocol.onText(this, (data as Buffer).toString());
    });
  }

  /** What is thrown, now or later, ends the call. */
  #guard(work: () => void | Promise<void>): void {
    try {
      work()?.catch((error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
  }

  #tell(channel: string, { channel: own, ...period }: StreamResult): void {
    this.#periods++;
    this.#say({ message_type: 'results', results: { channels: { [own ?? channel]: period } } });
  }

  /** Audio that can't be heard: the caller is told, and the call goes on. */
  #warn(error: unknown): void {
    if (this.#state === 'over') return;
    const known = publicError(error);
    // Not the caller's audio, but something of ours: its reading ends the call.
    if (known.statusCode >= 500) return;
    this.context.metrics.errors.inc({ kind: known.code });
    this.#say({ message_type: 'warning', warning: bodyOf(known).error });
  }

  #tellOverviews(): void {
    const channels: Record<string, object> = {};
    for (const [name, line] of this.#lines) {
      const entries = Object.entries(line.stream.overview().channels);
      for (const [own, overview] of entries) {
        if (Object.keys(overview).length > 0) channels[entries.length > 1 ? own : name] = overview;
      }
    }
    if (Object.keys(channels).length > 0) this.#say({ message_type: 'summary', results: { channels } });
  }

  /** To whoever listens: the caller, followers, or both. */
  #say(message: object): void {
    if (this.#state === 'over') return;
    const text = JSON.stringify(message);
    if (this.#name !== undefined) this.context.calls.tell(this.#name, text);
    if (!this.#answersHere) return;
    this.#socket.send(text);
    if (this.#socket.bufferedAmount > this.context.settings.maxUnread * 1000) this.#slow();
  }

  #slow(): void {
    this.cut(closeCodes.policy, 'slow_reader', `results are not read: ${this.#socket.bufferedAmount} bytes wait`);
  }

  #end(code: number, reason: EndReason, error: ServiceError): void {
    if (this.#state === 'over') return;
    this.context.metrics.errors.inc({ kind: error.code });
    this.send({ message_type: 'error', ...bodyOf(error) });
    cutSocket(this.#socket, code, error.message);
    this.#over(reason);
  }

  #hold(change: 1 | -1): void {
    const before = this.#holds;
    this.#holds += change;
    if (this.#state === 'over') return;
    if (before === 0) this.#socket.pause();
    else if (this.#holds === 0) this.#socket.resume();
  }

  #over(reason: EndReason): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    // A paused socket never tells that it was closed.
    this.#socket.resume();
    let seconds = 0;
    for (const line of this.#lines.values()) {
      seconds += line.seconds;
      line.cancel();
    }
    if (this.#name !== undefined) this.context.calls.withdraw(this.#name);
    this.context.calls.remove(this, reason);
    this.#log.info(
      { kind: this.kind, reason, seconds: Math.round(seconds * 10) / 10, periods: this.#periods },
      'a call ended',
    );
  }
}
