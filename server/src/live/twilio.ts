/** `/twilio`: Twilio Media Streams, as its documentation "Media Streams - WebSocket Messages" has them. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import type { WebSocket } from 'ws';
import type { Asked } from '../analysis.ts';
import { ServiceError } from '../http/errors.ts';
import { TwilioQuery } from '../http/schemas.ts';
import { Call, type Protocol } from './call.ts';
import type { CallLog, LiveContext } from './calls.ts';
import { parse } from './stream.ts';

/** Each side of a call is a channel: the caller's voice 0, what the caller hears 1. */
const channels: Readonly<Record<string, string>> = { inbound: '0', outbound: '1' };

const Start = Compile(
  Type.Object({
    start: Type.Object({
      callSid: Type.Optional(Type.String({ maxLength: 64 })),
      tracks: Type.Optional(Type.Array(Type.String(), { maxItems: 2 })),
      customParameters: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 1024 }))),
      mediaFormat: Type.Optional(
        Type.Object({
          encoding: Type.Literal('audio/x-mulaw'),
          sampleRate: Type.Literal(8000),
          channels: Type.Literal(1),
        }),
      ),
    }),
  }),
);
const Media = Compile(
  Type.Object({
    media: Type.Object({
      track: Type.Optional(Type.Union([Type.Literal('inbound'), Type.Literal('outbound')])),
      payload: Type.String(),
      timestamp: Type.Optional(Type.String({ pattern: '^\\d{1,10}$' })),
    }),
  }),
);

export interface TwilioOptions {
  readonly asked: Asked;
  readonly results?: 'socket' | 'followers' | undefined;
  /** A key, token or signature came with the handshake; else the start message must bring one. */
  readonly authorized: boolean;
  /** Twilio itself calls: it takes no messages of ours. */
  readonly fromTwilio: boolean;
}

/** ms by which a timestamp may be ahead of the audio that came: packets of 20 ms come unevenly. */
const smallestGap = 100;
/** No call is silent for longer; a timestamp beyond is no timestamp. */
const longestGap = 3_600_000;
/** Time for the start message to come, where it has to bring the key. */
const startMs = 10_000;

class TwilioProtocol implements Protocol {
  readonly kind = 'twilio';
  readonly #options: TwilioOptions;
  #state: 'connected' | 'started' | 'stopped' = 'connected';

  constructor(options: TwilioOptions) {
    this.#options = options;
  }

  get started(): boolean {
    return this.#state !== 'connected';
  }

  onAudio(): void {
    throw new ServiceError(400, 'bad_message', 'Twilio sends text; audio in binary frames goes to /stream');
  }

  onText(call: Call, text: string): void | Promise<void> {
    const message = parse(text);
    switch (message['event']) {
      case 'connected':
      case 'mark':
      case 'dtmf':
        return;
      case 'start':
        // Media that has been read already waits until both tracks have their lines.
        return call.hold(() => this.#start(call, message));
      case 'media':
        return this.#media(call, message);
      case 'stop':
        this.#state = 'stopped';
        return call.finish();
    }
    throw new ServiceError(400, 'bad_message', 'event: it is connected, start, media, mark, dtmf or stop');
  }

  async #start(call: Call, message: Record<string, unknown>): Promise<void> {
    if (this.#state !== 'connected') throw new ServiceError(400, 'bad_message', 'start: it came a second time');
    if (!Start.Check(message))
      throw new ServiceError(400, 'bad_message', 'start: audio is audio/x-mulaw, 8000 Hz, one channel');
    this.#state = 'started';
    const { callSid, tracks = ['inbound'], customParameters = {} } = message.start;
    const { token, results, ...parameters } = customParameters;
    const { authorized, fromTwilio } = this.#options;
    if (!authorized && !(token && call.context.keyring.check(token))) {
      throw new ServiceError(401, 'unauthorized', 'a key is needed: as a header, or as the custom parameter "token"');
    }
    const to = results ?? this.#options.results ?? (fromTwilio ? 'followers' : 'socket');
    if (callSid) call.announce(callSid, to === 'socket');
    // Twilio takes no query in a stream's URL, so that what is asked for comes as custom parameters.
    const asked = {
      ...this.#options.asked,
      ...settledParameters(parameters),
      encoding: 'mulaw',
      sample_rate: 8000,
    } as const;
    for (const track of tracks) {
      const channel = channels[track];
      if (!channel) throw new ServiceError(400, 'bad_message', `start: there is no track ${JSON.stringify(track)}`);
      if (!(await call.openLine(channel, asked))) return;
    }
  }

  #media(call: Call, message: Record<string, unknown>): void {
    if (this.#state !== 'started') throw new ServiceError(400, 'bad_message', 'media: it came before start');
    if (!Media.Check(message))
      throw new ServiceError(400, 'bad_message', 'media: it has a track, a timestamp and a payload in base64');
    const { track = 'inbound', payload, timestamp } = message.media;
    const line = call.line(channels[track] ?? '');
    if (!line) throw new ServiceError(400, 'bad_message', `media: start did not name the track ${track}`);
    // A lost packet, or a track that starts later than the other.
    const gap = Number(timestamp ?? 0) - line.seconds * 1000;
    if (gap > smallestGap) line.skip(Math.min(gap, longestGap));
    const audio = Buffer.from(payload, 'base64');
    if (audio.length > 0) line.write(audio);
  }
}

export function twilioCall(context: LiveContext, socket: WebSocket, log: CallLog, options: TwilioOptions): void {
  const protocol = new TwilioProtocol(options);
  const call = new Call(context, socket, protocol, log, { answersHere: true });
  if (options.authorized) return;
  const timer = setTimeout(() => {
    if (!protocol.started) call.fail(new ServiceError(401, 'unauthorized', 'no start message brought a key in time'));
  }, startMs);
  socket.once('close', () => clearTimeout(timer));
}

/** Custom parameters are strings: those we know become what the query would have made of them. */
function settledParameters(parameters: Record<string, string>): Asked {
  const known = Object.fromEntries(
    Object.entries(parameters)
      .filter(([name]) => name in TwilioQuery.properties)
      .map(([name, value]) => [name, name === 'models' ? [value] : value]),
  );
  const converted = Value.Convert(TwilioQuery, known);
  if (!Value.Check(TwilioQuery, converted)) {
    const [fault] = Value.Errors(TwilioQuery, converted);
    throw new ServiceError(400, 'bad_argument', `custom parameters: ${fault?.instancePath.slice(1)} ${fault?.message}`);
  }
  const { results: _results, token: _token, ...asked } = converted;
  return asked;
}
