import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server as HttpServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ServiceError } from '../src/http/errors.ts';
import { Downloader, isPublic, type Lookup } from '../src/jobs/download.ts';
import { ask, call, eventually, type Json, post, start, wait } from './support/service.ts';

const test = suite('jobs with a URL');
const folder = mkdtempSync(join(tmpdir(), 'undertone-download-'));
const target = join(folder, 'file');
let host: HttpServer;
let port: number;
let asked: string[] = [];

const answers: Record<string, RequestListener> = {
  '/call.flac': (_, response) => response.end(call),
  '/missing': (_, response) => response.writeHead(404).end(),
  '/long': (_, response) => response.writeHead(200, { 'content-length': '3000000' }).end(Buffer.alloc(3_000_000)),
  '/longer-than-it-says': (_, response) => response.end(Buffer.alloc(3_000_000)),
  '/slow': (_, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write('x'), 50);
    response.on('close', () => clearInterval(timer));
  },
  '/again': (_, response) => response.writeHead(302, { location: '/call.flac' }).end(),
  '/for-ever': (_, response) => response.writeHead(302, { location: '/for-ever' }).end(),
  '/away': (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
  '/file': (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
};

test.before(async () => {
  host = createServer((request, response) => {
    asked.push(request.url ?? '');
    (answers[request.url ?? ''] ?? answers['/missing'])?.(request, response);
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  port = (host.address() as AddressInfo).port;
});
test.before.each(() => {
  asked = [];
});
test.after(() => {
  host.closeAllConnections();
  host.close();
  rmSync(folder, { recursive: true });
});

const settings = { urlHosts: [] as string[], urlPrivate: false, maxDownload: 2, downloadSeconds: 1 };

async function refusal(downloader: Downloader, url: string): Promise<string> {
  try {
    await downloader.fetch(url, target, new AbortController().signal);
  } catch (error) {
    if (error instanceof ServiceError) return `${error.statusCode} ${error.code}: ${error.message}`;
    throw error;
  }
  return 'fetched';
}

test('with no hosts allowed nothing is fetched', async () => {
  assert.match(await refusal(new Downloader(settings), `http://localhost:${port}/call.flac`), /^403 url_not_allowed/);
});

test('private addresses are refused in each disguise, whatever host is allowed', async () => {
  const disguises = [
    '127.0.0.1', '127.1', '2130706433', '0x7f.1', '0177.0.0.1', '0.0.0.0', 'localhost', '[::1]', '[::]',
    '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[fd00::1]', '[fe80::1]',
    '10.0.0.1', '172.16.0.1', '192.168.0.1', '169.254.169.254', '100.64.0.1', '224.0.0.1', '255.255.255.255',
  ]; // biome-ignore format: a table
  for (const name of disguises) {
    const { hostname } = new URL(`http://${name}`);
    const open = new Downloader({ ...settings, urlHosts: [`${hostname}:${port}`] });
    assert.match(
      await refusal(open, `http://${name}:${port}/call.flac`),
      /^403 url_not_allowed: url: .* is no public address$/,
      name,
    );
  }
  assert.equal(asked, []);
});

test('addresses of the internet are public', () => {
  for (const address of ['8.8.8.8', '1.1.1.1', '2606:4700:4700::1111']) assert.ok(isPublic(address));
  assert.not(isPublic('no address'));
});

test('a name with one private address among public ones is refused', async () => {
  const lookup: Lookup = (_host, _options, done) =>
    done(null, [
      { address: '93.184.215.14', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]);
  const downloader = new Downloader({ ...settings, urlHosts: [`rebind.example:${port}`] }, lookup);
  assert.match(await refusal(downloader, `http://rebind.example:${port}/call.flac`), /no public address/);
  assert.equal(asked, []);
});

test('a name is looked up once: the address that was checked is the one that is spoken to', async () => {
  let looked = 0;
  const lookup: Lookup = (_host, _options, done) =>
    done(null, [{ address: looked++ === 0 ? '127.0.0.1' : '127.0.0.99', family: 4 }]);
  const downloader = new Downloader({ ...settings, urlPrivate: true, urlHosts: [`rebind.example:${port}`] }, lookup);
  assert.is(await refusal(downloader, `http://rebind.example:${port}/call.flac`), 'fetched');
  assert.is(looked, 1);
  assert.equal(readFileSync(target), call);
});

test('only what the list allows is fetched', async () => {
  const listed = (...urlHosts: string[]) => new Downloader({ ...settings, urlHosts });
  const refused: [Downloader, string, RegExp][] = [
    [listed('files.example.org'), 'https://files.example.org.evil.example/x', /not allowed/],
    [listed('files.example.org'), 'https://evil-files.example.org/x', /not allowed/],
    [listed('files.example.org'), 'https://files.example.org:8443/x', /not allowed/],
    [listed('*.example.org'), 'https://example.org/x', /not allowed/],
    [listed('*.example.org'), 'https://badexample.org/x', /not allowed/],
    [listed('files.example.org'), 'https://files.example.org@evil.example/x', /user name/],
    [listed('files.example.org'), 'https://me:secret@files.example.org/x', /user name/],
    [listed('files.example.org'), 'ftp://files.example.org/x', /only http/],
    [listed('files.example.org'), 'file:///etc/passwd', /only http/],
    [listed('files.example.org'), 'gopher://files.example.org/', /only http/],
    [listed('files.example.org'), '/x', /no absolute URL/],
  ];
  for (const [downloader, url, message] of refused) assert.match(await refusal(downloader, url), message, url);
  assert.is(listed('*.example.org:8443').check('https://a.b.example.org:8443/x').host, 'a.b.example.org:8443');
});

test('size, time, redirects and refusals of the host are bounded and told', async () => {
  const downloader = new Downloader({ ...settings, urlPrivate: true, urlHosts: [`localhost:${port}`] });
  const at = (path: string) => refusal(downloader, `http://localhost:${port}${path}`);
  assert.is(await at('/again'), 'fetched');
  assert.match(await at('/missing'), /^422 download_failed: url: the host answered 404/);
  assert.match(await at('/long'), /longer than 2 MB/);
  assert.match(await at('/longer-than-it-says'), /longer than 2 MB/);
  assert.match(await at('/for-ever'), /leads on too often/);
  assert.match(await at('/away'), /^403 .*169.254.169.254 is not allowed/);
  assert.match(await at('/file'), /only http/);
  assert.match(await at('/slow'), /longer than 1 s/);
  const nobody = new Downloader({ ...settings, urlPrivate: true, urlHosts: ['localhost:1'] });
  assert.match(await refusal(nobody, 'http://localhost:1/'), /can't be read \(ECONNREFUSED\)/);
});

test('a job with a URL ends like one with bytes', async () => {
  const server = await start({ urlHosts: [`localhost:${port}`], urlPrivate: true, retrySeconds: 0.01 });
  const { status, body } = await post(server, '/file-processing/jobs?models=speech', {
    url: `http://localhost:${port}/call.flac`,
  });
  assert.is(status, 202);
  const over = (id: string) =>
    eventually(
      async () => (await ask(server, `/file-processing/jobs/${id}`)).body,
      ({ state }: Json) => state === 'done' || state === 'error',
    );
  assert.is((await over(body.id)).state, 'done');
  const results = await ask(server, `/file-processing/jobs/${body.id}/results`);
  assert.equal(results.body, await server.engine.processFile(call, { models: ['Speech'] }));
  const missing = await post(server, '/file-processing/jobs', { url: `http://localhost:${port}/missing` });
  assert.is((await over(missing.body.id)).error.code, 'download_failed');
  assert.is((await post(server, '/file-processing/jobs', { url: 'http://169.254.169.254/' })).status, 403);
  assert.is((await post(server, '/file-processing/jobs', { url: 7 })).status, 400);
  assert.is((await post(server, '/file-processing/jobs', { url: 'http://x', more: 1 })).status, 400);
  await server.close();
  await wait(0);
});

test.run();
