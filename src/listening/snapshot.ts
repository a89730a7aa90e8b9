/**
 * A stream's state as bytes, and back: a magic, a version, a checksum, the length of the JSON; the JSON, in which typed
 * arrays are places; the arrays. Little-endian, as all machines of ours are.
 */
import type { Models } from '../answers/by-model.ts';
import { isArrayBuffer } from '../audio/samples.ts';
import type { StreamInputState } from '../audio/stream-input.ts';
import { ArgumentError, describe } from '../errors.ts';
import type { ModelMetadata } from '../models/model.ts';
import type { StreamOptions, StreamSettings } from '../options.ts';
import type { TrackState } from './tracks.ts';

const magic = 0x73747475;
const version = 1;
const headBytes = 16;
const allowed = 'what stream.snapshot() gave, unchanged';

const arrays = { Float32Array, Int16Array, Uint8Array } as const;
type ArrayName = keyof typeof arrays;
type Packed = InstanceType<(typeof arrays)[ArrayName]>;

interface Place {
  readonly $array: ArrayName;
  readonly at: number;
  readonly length: number;
}

function pack(state: unknown): Uint8Array {
  const parts: Uint8Array[] = [];
  let size = 0;
  const json = new TextEncoder().encode(
    JSON.stringify(state, (_, value: unknown) => {
      const name = (Object.keys(arrays) as ArrayName[]).find((name) => value instanceof arrays[name]);
      if (!name) return value;
      const array = value as Packed;
      const place: Place = { $array: name, at: size, length: array.length };
      parts.push(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      size += array.byteLength;
      return place;
    }),
  );
  const bytes = new Uint8Array(headBytes + json.length + size);
  bytes.set(json, headBytes);
  let at = headBytes + json.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  const head = new Uint32Array(bytes.buffer, 0, 4);
  head.set([magic, version, 0, json.length]);
  head[2] = checksum(bytes);
  return bytes;
}

/** @throws ArgumentError for anything but what `pack` gave */
function unpack(snapshot: unknown): unknown {
  const bytes = bytesOf(snapshot);
  const head = new Uint32Array(bytes.slice(0, headBytes).buffer, 0, Math.min(4, bytes.length >> 2));
  if (head[0] !== magic || bytes.length < headBytes)
    throw new ArgumentError('resume', 'bytes that are no snapshot', allowed);
  if (head[1] !== version)
    throw new ArgumentError('resume', `a snapshot of version ${head[1]}`, `of version ${version}, from this release`);
  if (head[2] !== checksum(bytes)) throw new ArgumentError('resume', 'a snapshot that was altered or cut off', allowed);
  const end = headBytes + head[3];
  return JSON.parse(new TextDecoder().decode(bytes.subarray(headBytes, end)), (_, value: Partial<Place> | null) => {
    if (typeof value?.$array !== 'string') return value;
    const { $array, at, length } = value as Place;
    const start = end + at;
    return new arrays[$array](bytes.slice(start, start + length * arrays[$array].BYTES_PER_ELEMENT).buffer);
  });
}

/** In memory of our own realm, not a Buffer, whose slice does not copy. */
function bytesOf(snapshot: unknown): Uint8Array {
  if (isArrayBuffer(snapshot)) return new Uint8Array(snapshot);
  if (ArrayBuffer.isView(snapshot)) return new Uint8Array(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  throw new ArgumentError('resume', describe(snapshot), allowed);
}

/** FNV-1a of 32 bits over all but the checksum itself (draft-eastlake-fnv). */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) {
    if (i >= 8 && i < 12) continue;
    hash = Math.imul(hash ^ bytes[i], 0x01000193);
  }
  return hash >>> 0;
}

interface StreamState {
  readonly input: StreamInputState;
  readonly tracks: readonly TrackState[];
}

interface Snapshot extends StreamState {
  readonly options: object;
  readonly fingerprint: unknown;
}

/** What a snapshot holds, or more: it gives what is left out. */
export type ResumeOptions<M extends Models = Models> = Partial<StreamOptions<M>> & { readonly resume: Uint8Array };

/** The options of a stream that goes on: those of the snapshot, where no others are given. */
export function withResumed(options: StreamOptions | ResumeOptions): StreamOptions {
  if (options?.resume === undefined) return options as StreamOptions;
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...(unpack(options.resume) as Snapshot).options, ...given } as StreamOptions;
}

export function snapshotOf(settings: StreamSettings, models: readonly ModelMetadata[], state: StreamState): Uint8Array {
  const snapshot: Snapshot = { options: portable(settings), fingerprint: fingerprintOf(settings, models), ...state };
  return pack(snapshot);
}

/** What of a stream's options goes along with it. */
function portable({ signal: _, onWarning: __, resume: ___, models, ...options }: StreamSettings): object {
  return { ...options, models: models.map((model) => (typeof model === 'string' ? model : model.name)) };
}

/** What must be the same where a stream goes on. */
function fingerprintOf(settings: StreamSettings, models: readonly ModelMetadata[]): object {
  const { sampleRate, channels, channel = 'all', encoding = 's16le', outputPeriod } = settings;
  const { includeRawValues, includeSummary, includeTransitions } = settings;
  return {
    models: models.map(({ name, version }) => `${name}@${version}`).join(),
    ...{ sampleRate, channels, channel, encoding, outputPeriod },
    ...{ includeRawValues, includeSummary, includeTransitions },
  };
}

/** @throws ArgumentError for what is no snapshot, or one of a stream with other options */
export function stateOf(settings: StreamSettings, models: readonly ModelMetadata[]): StreamState {
  const snapshot = unpack(settings.resume) as Snapshot;
  const own = Object.entries(fingerprintOf(settings, models));
  const theirs = snapshot.fingerprint as Record<string, unknown>;
  const other = own.find(([name, value]) => theirs[name] !== value);
  if (other)
    throw new ArgumentError(
      'resume',
      `a snapshot of a stream with ${other[0]} ${describe(theirs[other[0]])}`,
      `of one with ${describe(other[1])}, as asked for now`,
    );
  return snapshot;
}
