import { createHash, createHmac } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Server } from '../src/index.ts';
import { ask, Client, key, post, speech, start, wait } from './support/service.ts';

const test = suite('keys and tokens');
const other = 'another-key-of-tests';
let server: Server;
test.before(async () => {
  server = await start({
    keys: [key, `sha256:${createHash('sha256').update(other).digest('hex')}`],
    tokenSeconds: 100,
  });
});
test.after(() => server.close());

const path = '/v1/chunk?models=speech&encoding=s16le';

test('a key opens in each of its forms, as it is or kept as a hash', async () => {
  const forms: Record<string, string>[] = [
    { authorization: `Bearer ${key}` },
    { authorization: `Token ${other}` },
    { 'x-api-key': other },
  ];
  for (const headers of forms) {
    assert.is((await post(server, path, speech, { headers, key: null })).status, 200);
  }
});

test('without a key, with a wrong one, and with a hash for a key nothing opens', async () => {
  const hash = createHash('sha256').update(other).digest('hex');
  for (const wrong of [null, 'wrong', key.slice(0, -1), `sha256:${hash}`, hash]) {
    const { status, body } = await post(server, path, speech, { key: wrong });
    assert.equal([status, body.error.code], [401, 'unauthorized']);
  }
  assert.is((await ask(server, '/stream', { key: null })).status, 401);
});

test('wrong keys are counted by address, right ones by key', async () => {
  const limited = await start({ rateLimit: 3 });
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++)
    statuses.push(
      (await ask(limited, '/file-processing/jobs/00000000000000000000000000000000', { key: 'wrong' })).status,
    );
  assert.equal(statuses, [401, 401, 401, 429, 429]);
  assert.is((await post(limited, path, speech)).status, 200);
  await post(limited, path, speech);
  await post(limited, path, speech);
  const { status, headers, body } = await post(limited, path, speech);
  assert.equal([status, body.error.code], [429, 'rate_limited']);
  const after = Number(headers.get('retry-after'));
  assert.ok(after >= 1 && after <= 60);
  await limited.close();
});

test('a token opens calls and chunks for its time, makes no tokens and has no jobs', async () => {
  const { status, body } = await post(server, '/v1/tokens', { seconds: 1 });
  assert.is(status, 201);
  assert.is((await post(server, path, speech, { key: body.token })).status, 200);
  const socket = await new Client(server, `/stream?token=${body.token}`, { headers: {} }).ready();
  const spoken = await new Client(server, '/stream', { headers: {}, protocols: ['token', body.token] }).ready();
  assert.is(spoken.socket.protocol, 'token');
  assert.is((await post(server, '/v1/tokens', {}, { key: body.token })).status, 403);
  assert.is((await post(server, '/file-processing/jobs', speech, { key: body.token })).status, 403);
  await wait(2100);
  assert.is((await post(server, path, speech, { key: body.token })).status, 401);
  socket.socket.close();
  spoken.socket.close();
});

test('a token that was changed, or signed by another, opens nothing', async () => {
  const { body } = await post(server, '/v1/tokens', {});
  const [mark, id, expires, signature] = body.token.split('.');
  const later = String(Number(expires) + 1000);
  const forged = createHmac('sha256', 'guess').update(`token ${id}.${later}`).digest('base64url');
  for (const token of [
    `${mark}.${id}.${later}.${signature}`,
    `${mark}.${id}.${later}.${forged}`,
    `${mark}.x.${expires}.${signature}`,
    `${mark}.${id}`,
  ]) {
    assert.is((await post(server, path, speech, { key: token })).status, 401);
  }
  assert.is((await post(server, '/v1/tokens', { seconds: 101 })).status, 400);
});

test('a short key is refused at the start, and an open server asks for none', async () => {
  let message = '';
  await start({ keys: ['short'] }).catch((error: Error) => (message = error.message));
  assert.match(message, /16 characters/);
  const open = await start({ keys: [], open: true });
  assert.is((await post(open, path, speech, { key: null })).status, 200);
  await open.close();
});

test('with no key given, one is made', async () => {
  const made = await start({ keys: [] });
  assert.match(made.madeKey ?? '', /^ut_[\w-]{32}$/);
  assert.is((await post(made, path, speech, { key: made.madeKey ?? '' })).status, 200);
  assert.is((await post(made, path, speech)).status, 401);
  await made.close();
});

test.run();
