/** Bodies of requests: bounded, in memory for chunks, on disk for files. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ServiceError } from './errors.ts';

const megabyte = 1e6;

export function tooLarge(limit: number): ServiceError {
  return new ServiceError(413, 'body_too_large', `the body may have ${limit / megabyte} MB at most`);
}

/** The whole body. @throws ServiceError 413 */
export async function collect(body: Readable, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of bounded(body, limit)) parts.push(part);
  return Buffer.concat(parts);
}

/** Writes the body to a file and gives its length and a hash that tells bodies apart. @throws ServiceError 413 */
export async function spool(body: Readable, path: string, limit: number): Promise<{ bytes: number; hash: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(
    bounded(body, limit),
    async function* (parts: AsyncIterable<Buffer>) {
      for await (const part of parts) {
        bytes += part.length;
        hash.update(part);
        yield part;
      }
    },
    createWriteStream(path, { mode: 0o600 }),
  );
  return { bytes, hash: hash.digest('hex') };
}

async function* bounded(body: Readable, limit: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > limit) throw tooLarge(limit);
      yield part;
    }
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw new ServiceError(400, 'body_broke_off', 'the body broke off before its end');
  }
}
