/** Who calls: keys that are kept as hashes, and short-lived tokens for browsers. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface Caller {
  /** The first digits of the key's hash: tells keys apart in logs without telling a key. */
  readonly id: string;
  /** A token opens calls and analyses audio; it makes no tokens and has no jobs. */
  readonly kind: 'key' | 'token' | 'open' | 'twilio';
}

export interface Token {
  readonly token: string;
  /** Unix time in seconds. */
  readonly expires_at: number;
}

interface Credentials {
  readonly headers: IncomingHttpHeaders;
  readonly query: unknown;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export class Keyring {
  readonly #hashes: ReadonlySet<string>;
  readonly #secret: Buffer;
  readonly #open: boolean;

  /** @throws Error for a key that is too short to be one */
  constructor({ keys, secret, open }: { keys: readonly string[]; secret?: string | undefined; open: boolean }) {
    const hashes = keys.map((key) => {
      if (/^sha256:[0-9a-f]{64}$/.test(key)) return key.slice('sha256:'.length);
      if (key.length < 16) throw new Error('a key must have 16 characters or more (or be sha256: and 64 hex digits)');
      return sha256(key);
    });
    this.#hashes = new Set(hashes);
    this.#open = open;
    this.#secret = createHash('sha256')
      .update(secret ?? `undertone ${hashes.sort().join()}`)
      .digest();
  }

  static newKey(): string {
    return `ut_${randomBytes(24).toString('base64url')}`;
  }

  /**
   * Who presents these, or undefined. Tokens may also come as `?token=`, since browsers can't set headers on sockets.
   */
  find({ headers, query }: Credentials): Caller | undefined {
    const { token } = (query ?? {}) as { token?: unknown };
    const presented = fromHeaders(headers) ?? (typeof token === 'string' ? token : undefined);
    if (presented !== undefined) return this.check(presented);
    return this.#open ? { id: 'open', kind: 'open' } : undefined;
  }

  check(presented: string): Caller | undefined {
    const hash = sha256(presented);
    if (this.#hashes.has(hash)) return { id: hash.slice(0, 8), kind: 'key' };
    const [mark, id, expires, signature] = presented.split('.');
    if (mark !== 'utt' || !id || !expires || !signature) return undefined;
    const right = this.#sign('token', `${id}.${expires}`);
    return sameText(signature, right) && Number(expires) > Date.now() / 1000 ? { id, kind: 'token' } : undefined;
  }

  issue(caller: Caller, seconds: number): Token {
    const expires = Math.floor(Date.now() / 1000) + seconds;
    const payload = `${caller.id}.${expires}`;
    return { token: `utt.${payload}.${this.#sign('token', payload)}`, expires_at: expires };
  }

  /** Bytes as text that only a process with the same secret takes back. */
  seal(bytes: Uint8Array): string {
    const payload = Buffer.from(bytes).toString('base64url');
    return `${payload}.${this.#sign('sealed', payload)}`;
  }

  /** The bytes of `seal`, or undefined where the text was made or changed by another. */
  unseal(text: string): Uint8Array | undefined {
    const [payload, signature] = text.split('.');
    if (!payload || !signature || !sameText(signature, this.#sign('sealed', payload))) return undefined;
    return Buffer.from(payload, 'base64url');
  }

  /** The use is signed too, so that a text for one can't serve as the other. */
  #sign(use: 'token' | 'sealed', payload: string): string {
    return createHmac('sha256', this.#secret).update(`${use} ${payload}`).digest('base64url');
  }
}

/**
 * Whether Twilio signed the request for this URL: base64 of HMAC-SHA1 over the URL, keyed with the account's auth
 * token. Twilio's documentation, "Validating requests"; a WebSocket handshake has no parameters to add.
 */
export function signedByTwilio(url: string, signature: unknown, authToken: string): boolean {
  if (typeof signature !== 'string') return false;
  return sameText(signature, createHmac('sha1', authToken).update(url).digest('base64'));
}

function fromHeaders(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^(?:bearer|token) +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const key = headers['x-api-key'];
  if (typeof key === 'string') return key;
  // Browsers send what they want to say as a subprotocol: `new WebSocket(url, ['token', KEY])`.
  return /^token, *(\S+)$/.exec(headers['sec-websocket-protocol'] ?? '')?.[1];
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
