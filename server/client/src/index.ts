/** A typed client for undertone-server: its paths as the OpenAPI file has them, and live calls that outlive a process. */
import createFetchClient, { type Client as FetchClient } from 'openapi-fetch';
import type { paths } from './schema.ts';

export { type Call, type CallMessage, type CallOptions, openCall } from './call.ts';
export type { components, operations, paths } from './schema.ts';

export interface ClientOptions {
  /** As in https://voice.example.org */
  readonly url: string;
  /** A key, or a temporary token. */
  readonly key: string;
}

export type Client = FetchClient<paths>;

/**
 * The service's paths, typed.
 *
 *     const client = createClient({ url, key });
 *     const { data, error } = await client.POST('/v1/chunk', { params: { query: { models: ['Speech'] } }, ...audio(bytes) });
 */
export function createClient({ url, key }: ClientOptions): Client {
  return createFetchClient<paths>({ baseUrl: url, headers: { authorization: `Bearer ${key}` } });
}

/** Bytes as the body of a request: raw samples or a file. */
export function audio(bytes: Uint8Array | Blob) {
  return {
    body: bytes as unknown as string,
    bodySerializer: (body: unknown) => body as never,
    headers: { 'content-type': 'application/octet-stream' },
  };
}
