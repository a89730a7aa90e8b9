/**
 * Fetching a file for a job, from hosts that were allowed and nowhere else. What a name resolves to is looked at in the
 * connection's own look-up, so that the address that was checked is the address that is spoken to.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { createWriteStream } from 'node:fs';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { pipeline } from 'node:stream/promises';
import ipaddr from 'ipaddr.js';
import { ServiceError } from '../http/errors.ts';
import type { Settings } from '../settings.ts';

export type Lookup = (
  host: string,
  options: { all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const mostRedirects = 3;

export class Downloader {
  readonly #settings: Pick<Settings, 'urlHosts' | 'urlPrivate' | 'maxDownload' | 'downloadSeconds'>;
  readonly #lookup: Lookup;

  constructor(
    settings: Pick<Settings, 'urlHosts' | 'urlPrivate' | 'maxDownload' | 'downloadSeconds'>,
    lookup: Lookup = systemLookup,
  ) {
    this.#settings = settings;
    this.#lookup = lookup;
  }

  /** What can be said without asking the network. @throws ServiceError 403 or 400 */
  check(text: string): URL {
    const { urlHosts, urlPrivate } = this.#settings;
    if (urlHosts.length === 0)
      throw new ServiceError(403, 'url_not_allowed', 'this service fetches nothing: no hosts are allowed');
    const url = parsed(text);
    if (!url) throw new ServiceError(400, 'bad_url', 'url: it is no absolute URL');
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      throw new ServiceError(400, 'bad_url', 'url: only http and https are fetched');
    if (url.username || url.password)
      throw new ServiceError(400, 'bad_url', 'url: it must hold no user name or password');
    if (!urlHosts.some((rule) => allows(rule, url)))
      throw new ServiceError(403, 'url_not_allowed', `url: the host ${url.host} is not allowed`);
    const literal = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) && !urlPrivate && !isPublic(literal)) throw privateAddress(url.host);
    return url;
  }

  /** Writes the file that the URL names. @throws ServiceError */
  async fetch(text: string, path: string, signal: AbortSignal): Promise<void> {
    const { downloadSeconds } = this.#settings;
    const deadline = AbortSignal.timeout(downloadSeconds * 1000);
    const either = AbortSignal.any([signal, deadline]);
    try {
      let url = this.check(text);
      for (let hops = 0; ; hops++) {
        const response = await this.#get(url, either);
        const location = response.headers.location;
        const status = response.statusCode ?? 0;
        if (status >= 300 && status < 400 && location) {
          response.destroy();
          if (hops === mostRedirects) throw new ServiceError(422, 'download_failed', 'url: it leads on too often');
          const next = parsed(location, url);
          if (!next) throw new ServiceError(422, 'download_failed', 'url: it leads to something that is no URL');
          if (url.protocol === 'https:' && next.protocol === 'http:')
            throw new ServiceError(422, 'download_failed', 'url: it leads from https to http');
          url = this.check(next.href);
          continue;
        }
        if (status !== 200) {
          response.destroy();
          throw new ServiceError(422, 'download_failed', `url: the host answered ${status}`);
        }
        await this.#save(response, path, either);
        return;
      }
    } catch (error) {
      if (deadline.aborted)
        throw new ServiceError(422, 'download_failed', `url: it took longer than ${downloadSeconds} s`);
      signal.throwIfAborted();
      if (error instanceof ServiceError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      throw new ServiceError(422, 'download_failed', `url: the host can't be read${code ? ` (${code})` : ''}`);
    }
  }

  #get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      request(url, {
        // No kept connection: each goes through the look-up below.
        agent: false,
        lookup: (host, options, done) => this.#pinned(host, options.all === true, done),
        headers: { accept: 'audio/*, application/octet-stream, */*;q=0.1', 'user-agent': 'undertone-server' },
        signal,
      })
        .once('response', resolve)
        .once('error', reject)
        .end();
    });
  }

  /** The name's addresses, if each of them may be spoken to. */
  #pinned(
    host: string,
    all: boolean,
    done: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
  ): void {
    this.#lookup(host, { all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error || !first) return done(error ?? new Error('no address'), []);
      if (!this.#settings.urlPrivate && !addresses.every(({ address }) => isPublic(address)))
        return done(privateAddress(host), []);
      return all ? done(null, addresses) : done(null, first.address, first.family);
    });
  }

  async #save(response: IncomingMessage, path: string, signal: AbortSignal): Promise<void> {
    const limit = this.#settings.maxDownload * 1e6;
    const tooLong = () =>
      new ServiceError(422, 'download_failed', `url: the file is longer than ${this.#settings.maxDownload} MB`);
    if (Number(response.headers['content-length']) > limit) {
      response.destroy();
      throw tooLong();
    }
    let bytes = 0;
    await pipeline(
      response,
      async function* (parts: AsyncIterable<Buffer>) {
        for await (const part of parts) {
          bytes += part.length;
          if (bytes > limit) throw tooLong();
          yield part;
        }
      },
      createWriteStream(path, { mode: 0o600 }),
      { signal },
    );
  }
}

function parsed(text: string, base?: URL): URL | undefined {
  return URL.canParse(text, base?.href) ? new URL(text, base) : undefined;
}

/** `example.org`, `*.example.org`, either with `:port`; without one the scheme's own port is meant. */
function allows(rule: string, url: URL): boolean {
  const [, name = '', port] = /^(.*?)(?::(\d+))?$/.exec(rule.toLowerCase()) ?? [];
  if (url.port !== (port ?? '')) return false;
  return name.startsWith('*.') ? url.hostname.endsWith(name.slice(1)) : url.hostname === name;
}

/**
 * Global unicast: not loopback, private, link-local, carrier's, multicast, documentation, or one of these in disguise.
 */
export function isPublic(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}

function privateAddress(host: string): ServiceError {
  return new ServiceError(403, 'url_not_allowed', `url: ${host} is no public address`);
}
