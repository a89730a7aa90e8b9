/** Decoded samples, one array a channel, all of the same length, in [-1, 1]. */
export interface AudioBlock {
  readonly channels: readonly Float32Array[];
  /** Hz. */
  readonly sampleRate: number;
}

/**
 * Takes a file's bytes front to back and gives what they hold. A damage that leaves the rest readable is noted in
 * `problems`; one that does not is thrown.
 */
export interface Decoder {
  /** Damage met so far, each a clause that fits behind the file's name. */
  readonly problems: string[];
  decode(bytes: Uint8Array): Promise<AudioBlock | undefined>;
  /** The end of the file has come; whether it came too early is noted in `problems`. */
  finish(): Promise<AudioBlock | undefined>;
  free(): void;
}

/** The bytes are no audio, or none that can be read; the message is a clause that fits behind the file's name. */
export class FormatError extends Error {}

export function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

/** Four characters, such as a chunk's name. */
export function tagAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
}
