/** `/stream`: binary frames of audio in, DeepTone's messages out; and the words that Deepgram's clients send. */
import type { WebSocket } from 'ws';
import type { Asked } from '../analysis.ts';
import { ServiceError } from '../http/errors.ts';
import { Call, type Protocol } from './call.ts';
import type { CallLog, LiveContext } from './calls.ts';

/** The one line of such a call; the streams of several channels tell them themselves. */
const line = '0';
/** What a call may leave out at once, in ms. */
const longestSkip = 3_600_000;

const understood = 'KeepAlive, CloseStream, Snapshot, Resume, Skip';

class StreamProtocol implements Protocol {
  readonly kind = 'stream';
  readonly #asked: Asked;
  #mutedAt: number | undefined;

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  onAudio(call: Call, bytes: Buffer): void {
    // An empty frame is an old way to say CloseStream.
    if (bytes.length === 0) void call.finish();
    else call.line(line)?.write(bytes);
  }

  onText(call: Call, text: string): void | Promise<void> {
    const message = parse(text);
    // LiveKit's track egress: nothing comes while a track is muted.
    if (typeof message['muted'] === 'boolean') return this.#mute(call, message['muted']);
    switch (message['type']) {
      case 'KeepAlive':
        return;
      case 'CloseStream':
        return call.finish();
      case 'Snapshot':
        return call.hold(() => this.#snapshot(call));
      case 'Resume':
        return this.#resume(call, message['snapshot']);
      case 'Skip':
        return this.#skip(call, message['milliseconds']);
    }
    throw new ServiceError(400, 'bad_message', `type: it is one of ${understood}; audio is binary`);
  }

  async onMove(call: Call): Promise<void> {
    await this.#snapshot(call);
  }

  /** `bytes` tells the caller from where on to send again. */
  async #snapshot(call: Call): Promise<void> {
    const own = call.line(line);
    if (!own) return;
    const snapshot = call.context.keyring.seal(await own.snapshot());
    call.send({ message_type: 'snapshot', snapshot, bytes: own.bytes });
  }

  async #resume(call: Call, snapshot: unknown): Promise<void> {
    if ((call.line(line)?.seconds ?? 0) > 0) throw new ServiceError(400, 'bad_message', 'Resume: audio came before it');
    const bytes = typeof snapshot === 'string' ? call.context.keyring.unseal(snapshot) : undefined;
    if (!bytes) throw new ServiceError(400, 'bad_message', 'Resume: its snapshot is not one of this service');
    await call.openLine(line, this.#asked, bytes);
  }

  #skip(call: Call, milliseconds: unknown): void {
    if (typeof milliseconds !== 'number' || !(milliseconds >= 0 && milliseconds <= longestSkip)) {
      throw new ServiceError(400, 'bad_message', `Skip: milliseconds is a number from 0 to ${longestSkip}`);
    }
    call.line(line)?.skip(milliseconds);
  }

  #mute(call: Call, muted: boolean): void {
    const now = performance.now();
    if (!muted && this.#mutedAt !== undefined) call.line(line)?.skip(Math.round(now - this.#mutedAt));
    this.#mutedAt = muted ? now : undefined;
  }
}

export async function streamCall(
  context: LiveContext,
  socket: WebSocket,
  log: CallLog,
  asked: Asked,
  name?: string,
): Promise<void> {
  const call = new Call(context, socket, new StreamProtocol(asked), log, { name, answersHere: true });
  await call.openLine(line, asked);
}

/** @throws ServiceError for text that is no JSON object */
export function parse(text: string): Record<string, unknown> {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    message = undefined;
  }
  if (message === null || typeof message !== 'object' || Array.isArray(message)) {
    throw new ServiceError(400, 'bad_message', 'a text message is a JSON object');
  }
  return message as Record<string, unknown>;
}
