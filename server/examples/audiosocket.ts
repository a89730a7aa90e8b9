/**
 * Asterisk's AudioSocket to undertone-server: one TCP connection a call in, one `/stream` out. Results are JSON lines on
 * standard output, with the call's id.
 * usage: UNDERTONE_URL=ws://127.0.0.1:8080 UNDERTONE_KEY=… node --import tsx examples/audiosocket.ts [PORT]
 */
import { createServer, type Socket } from 'node:net';
import { WebSocket } from 'ws';

const kinds = { end: 0x00, id: 0x01, audio: 0x10 } as const;
const { UNDERTONE_URL: url = 'ws://127.0.0.1:8080', UNDERTONE_KEY: key = '' } = process.env;

function take(connection: Socket): void {
  const socket = new WebSocket(`${url}/stream?models=speech,gender&sample_rate=8000`, {
    headers: { 'x-api-key': key },
  });
  const early: Buffer[] = [];
  let id = '';
  let rest = Buffer.alloc(0);
  const close = () => socket.readyState === WebSocket.OPEN && socket.send('{"type":"CloseStream"}');
  socket.on('open', () => {
    for (const audio of early.splice(0)) socket.send(audio);
    if (connection.destroyed) close();
  });
  socket.on('message', (data) => process.stdout.write(`${JSON.stringify({ id, ...JSON.parse(String(data)) })}\n`));
  socket.on('error', () => connection.destroy());
  socket.on('close', () => connection.destroy());
  connection.on('error', () => connection.destroy());
  connection.on('close', close);
  connection.on('data', (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    // Kind, length as two bytes big-endian, payload.
    while (rest.length >= 3 && rest.length >= 3 + rest.readUInt16BE(1)) {
      const payload = rest.subarray(3, 3 + rest.readUInt16BE(1));
      const kind = rest[0];
      rest = rest.subarray(3 + payload.length);
      if (kind === kinds.id) id = payload.toString('hex');
      else if (kind === kinds.end) connection.end();
      else if (kind === kinds.audio && socket.readyState === WebSocket.OPEN) socket.send(payload);
      else if (kind === kinds.audio) early.push(Buffer.from(payload));
    }
  });
}

const server = createServer(take).listen(Number(process.argv[2] ?? 9092), '127.0.0.1', () => {
  const address = server.address();
  process.stderr.write(`AudioSocket on ${typeof address === 'object' ? address?.port : address}\n`);
});
