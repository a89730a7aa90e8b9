/**
 * Both sides of a telephone call, live: a server for Twilio's Media Streams. Each side is mu-law at 8 kHz, and a stream of its own.
 * usage: node --import tsx examples/twilio.ts [PORT], and in TwiML <Start><Stream url="wss://…" track="both_tracks"/></Start>
 * https://www.twilio.com/docs/voice/media-streams/websocket-messages
 */
import { Engine } from 'undertone';
import { WebSocketServer } from 'ws';

interface Message {
  readonly event: 'connected' | 'start' | 'media' | 'mark' | 'stop';
  readonly media?: { readonly track: string; readonly payload: string };
}

const engine = await Engine.create();
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2] ?? 8080) });
server.on('listening', () => console.log(`ws://127.0.0.1:${(server.address() as { port: number }).port}`));

server.on('connection', (socket) => {
  const sides = new Map<string, ReturnType<typeof side>>();
  socket.on('message', async (data) => {
    const { event, media } = JSON.parse(String(data)) as Message;
    if (event === 'media' && media) {
      const stream = sides.get(media.track) ?? side(media.track);
      sides.set(media.track, stream);
      await (await stream).write(Buffer.from(media.payload, 'base64'));
    } else if (event === 'stop') {
      for (const stream of sides.values()) await (await stream).end();
      socket.close();
    }
  });
});

/** A stream for one side of a call, whose changes are told. */
async function side(track: string) {
  const stream = await engine.openStream({
    models: [engine.models.SpeechRT, engine.models.Gender],
    encoding: 'mulaw',
    outputPeriod: 256,
  });
  void (async () => {
    let last = '';
    for await (const { timestamp, results } of stream) {
      const heard = `${results['speech-rt'].result} ${results.gender.result}`;
      if (heard !== last) console.log(`${track} ${timestamp} ms: ${heard}`);
      last = heard;
    }
  })();
  return stream;
}
