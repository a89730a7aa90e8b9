/** A live call that goes on when its process ends: the server hands over the call's state, and the next one takes it. */
import type { ClientOptions } from './index.ts';
import type { operations } from './schema.ts';

export type CallOptions = ClientOptions &
  Omit<NonNullable<operations['openStream']['parameters']['query']>, 'token'> & {
    /** Tries to connect again before the call has failed; default 5. */
    readonly retries?: number;
  };

export type Period = {
  readonly timestamp: number;
  readonly results: Record<string, { readonly result: string; readonly confidence: number }>;
  readonly raw?: Record<string, Record<string, number>>;
};

export type CallMessage =
  | { readonly message_type: 'results'; readonly results: { readonly channels: Record<string, Period> } }
  | { readonly message_type: 'summary'; readonly results: { readonly channels: Record<string, object> } }
  | { readonly message_type: 'warning'; readonly warning: { readonly code: string; readonly message: string } };

export interface Call extends AsyncIterable<CallMessage> {
  /** Audio in the encoding that was named; kept until the server has told that it is part of a snapshot. */
  write(bytes: Uint8Array): void;
  /** No more audio; the iteration ends once all is answered. */
  end(): void;
  /** Ends at once. */
  cancel(): void;
}

/** The process ends and another one answers, RFC 6455 and the IANA registry. */
const restart = 1012;

/**
 * Opens a call and gives its messages as they come. Node 22, browsers and other runtimes with a global WebSocket.
 *
 *     const call = openCall({ url, key: token, models: ['Speech'], sample_rate: 8000, encoding: 'mulaw' });
 *     socket.on('data', (bytes) => call.write(bytes));
 *     for await (const message of call) console.log(message);
 */
export function openCall({ url, key, retries = 5, ...query }: CallOptions): Call {
  const address = new URL('stream', url.endsWith('/') ? url : `${url}/`);
  address.protocol = address.protocol.replace('http', 'ws');
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, String(value));

  const messages: CallMessage[] = [];
  let waiting: (() => void) | undefined;
  let over: { error?: Error } | undefined;
  /** What no snapshot holds yet. */
  let unsaved: Uint8Array[] = [];
  let snapshot: string | undefined;
  let ended = false;
  let failures = 0;
  /** The process has handed the call over; until the next one answers, connecting may fail. */
  let moving = false;
  let socket: WebSocket;

  const wake = () => waiting?.();
  const finish = (error?: Error) => {
    over ??= error ? { error } : {};
    wake();
  };

  function connect(): void {
    socket = new WebSocket(address, ['token', key]);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      failures = 0;
      moving = false;
      if (snapshot) socket.send(JSON.stringify({ type: 'Resume', snapshot }));
      for (const bytes of unsaved) socket.send(bytes as Uint8Array<ArrayBuffer>);
      if (ended) socket.send('{"type":"CloseStream"}');
    };
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as CallMessage | Saved | Failed;
      if (message.message_type === 'snapshot') keep(message);
      else if (message.message_type === 'error') finish(new Error(message.error.message));
      else {
        messages.push(message);
        wake();
      }
    };
    // What went wrong is told by the close that follows.
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => {
      if (over) return;
      if (code === 1000) return finish();
      moving ||= code === restart;
      if (!moving || ++failures > retries) return finish(new Error(reason || `the call was closed (${code})`));
      setTimeout(connect, 100 * 2 ** failures);
    };
  }

  function keep({ snapshot: state, bytes }: Saved): void {
    snapshot = state;
    let left = bytes;
    while (left > 0 && unsaved[0]) {
      const [first] = unsaved;
      if (first.length > left) unsaved[0] = first.subarray(left);
      else unsaved.shift();
      left -= first.length;
    }
  }

  connect();
  return {
    write(bytes) {
      if (ended || over) return;
      const copy = bytes.slice();
      unsaved.push(copy);
      if (socket.readyState === 1) socket.send(copy);
    },
    end() {
      ended = true;
      if (socket.readyState === 1) socket.send('{"type":"CloseStream"}');
    },
    cancel() {
      finish();
      unsaved = [];
      socket.close();
    },
    async *[Symbol.asyncIterator]() {
      while (true) {
        const next = messages.shift();
        if (next) yield next;
        else if (over?.error) throw over.error;
        else if (over) return;
        else
          await new Promise<void>((resolve) => {
            waiting = resolve;
          });
      }
    },
  };
}

interface Saved {
  readonly message_type: 'snapshot';
  readonly snapshot: string;
  readonly bytes: number;
}
interface Failed {
  readonly message_type: 'error';
  readonly error: { readonly message: string };
}
