/** `/stream`: binary frames of audio in, DeepTone's messages out; and the words that Deepgram's clients send. */
import type { WebSocket } from 'ws';
import type { Asked } from '../analysis.ts';
import { ServiceError } from '../http/errors.ts';
import { Call, type Protocol } from './call.ts';
import type { CallLog, LiveContext } from './calls.ts';

/** The one line of such a call; the streams of several channels tell them themselves. */
const line = '0';

const protocol: Protocol = {
  kind: 'stream',

  onAudio(call, bytes) {
    // An empty frame is an old way to say CloseStream.
    if (bytes.length === 0) return void call.finish();
    call.line(line)?.write(bytes);
  },

  onText(call, text) {
    const message = parse(text);
    switch (message['type']) {
      case 'KeepAlive':
        return;
      case 'CloseStream':
        return call.finish();
    }
    throw new ServiceError(
      400,
      'bad_message',
      'a text message is {"type": "KeepAlive"} or {"type": "CloseStream"}; audio is binary',
    );
  },
};

export async function streamCall(
  context: LiveContext,
  socket: WebSocket,
  log: CallLog,
  asked: Asked,
  name?: string,
): Promise<void> {
  const call = new Call(context, socket, protocol, log, { name, answersHere: true });
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
