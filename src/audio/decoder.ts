import type { Samples } from './samples.ts';

/**
 * Decoded samples, one array a channel, all of the same length and type: int16 where the file holds that, or in [-1,
 * 1].
 */
export interface AudioBlock {
  readonly channels: readonly Samples[];
  /** Hz. */
  readonly sampleRate: number;
}

export type Blocks = Iterable<AudioBlock> | AsyncIterable<AudioBlock>;

/**
 * Takes a file's bytes front to back and gives what they hold. A damage that leaves the rest readable is noted in
 * `problems`; one that does not is thrown. What is given must be taken before the next call.
 */
export interface Decoder {
  /** Damage met so far, each a clause that fits behind the file's name. */
  readonly problems: readonly string[];
  /** What is odd and harms nothing. */
  readonly warnings?: readonly string[] | undefined;
  decode(bytes: Uint8Array): Blocks;
  /** The end of the file has come; whether it came too early is noted in `problems`. */
  finish(): Blocks;
  free(): void;
}

/** The packets of one codec, as containers hold them. */
export interface PacketDecoder {
  /** Packets so far that could not be decoded. */
  readonly failures: number;
  decode(packets: readonly Uint8Array[]): Promise<AudioBlock | undefined>;
  /** What is held back at the end. */
  flush?(): Promise<AudioBlock | undefined>;
  /** Packets were lost: the next one does not follow the last. */
  restart(): Promise<void>;
  free(): void;
}

/** The bytes are no audio, or none that can be read; the message is a clause that fits behind the file's name. */
export class FormatError extends Error {}

/** Clauses, each noted once, and not too many of them. */
export class Notes {
  readonly list: string[] = [];

  add(note: string): void {
    if (this.list.length < 8 && !this.list.includes(note)) this.list.push(note);
  }
}

export function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

/** Four characters, such as a chunk's name. */
export function tagAt(bytes: Uint8Array, at: number): string {
  return textAt(bytes, at, 4);
}

export function textAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

export function viewOfBytes(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The samples from `from` to `to` of a block; undefined where there are none. */
export function cut(block: AudioBlock, from: number, to: number): AudioBlock | undefined {
  if (from >= to) return undefined;
  if (from === 0 && to === block.channels[0].length) return block;
  return { ...block, channels: block.channels.map((samples) => samples.subarray(from, to)) };
}

/** Blocks of silence, bounded each. */
export function* silence(
  samples: number,
  { channels, sampleRate }: { channels: number; sampleRate: number },
): Generator<AudioBlock> {
  for (let left = samples; left > 0; left -= 1 << 15) {
    const length = Math.min(left, 1 << 15);
    yield { channels: Array.from({ length: channels }, () => new Float32Array(length)), sampleRate };
  }
}
