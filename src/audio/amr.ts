/** AMR, narrow and wide (RFC 4867, 5; 3GPP TS 26.101), by a decoder that is loaded when it is needed. */
import { type AudioBlock, type Blocks, type Decoder, FormatError, join, Notes, textAt } from './decoder.ts';

type Band = 'narrow' | 'wide';

const magics: Readonly<Record<Band, string>> = { narrow: '#!AMR\n', wide: '#!AMR-WB\n' };
/** Bytes of a frame by its type, the byte with the type among them; 0 for one that does not exist. */
const frameBytes: Readonly<Record<Band, readonly number[]>> = {
  narrow: [13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1],
  wide: [18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1],
};

type Library = Awaited<ReturnType<typeof import('@audio/decode-amr')['decoder']>>;

/** Undefined where the bytes are no AMR file. */
export function amrDecoder(head: Uint8Array): { decoder: Decoder; magic: number } | undefined {
  for (const band of ['narrow', 'wide'] as const) {
    const magic = magics[band];
    if (textAt(head, 0, magic.length) === magic) return { decoder: new AmrDecoder(band), magic: magic.length };
  }
  if (textAt(head, 0, 5) === '#!AMR') throw new FormatError('it is AMR of several channels, which cannot be read');
  return undefined;
}

/** Frames one behind the other, without the file's magic. */
export class AmrDecoder implements Decoder {
  readonly #band: Band;
  readonly #notes = new Notes();
  #library: Library | undefined;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(band: Band) {
    this.#band = band;
  }

  get problems(): readonly string[] {
    return this.#notes.list;
  }

  async *decode(bytes: Uint8Array): AsyncGenerator<AudioBlock> {
    if (!this.#library) {
      const { decoder } = await import('@audio/decode-amr');
      this.#library = await decoder();
      this.#library.decode(new TextEncoder().encode(magics[this.#band]));
    }
    this.#bytes = join(this.#bytes, bytes);
    const end = this.#wholeFrames();
    if (end === 0) return;
    const { channelData, sampleRate } = this.#library.decode(this.#bytes.subarray(0, end));
    this.#bytes = this.#bytes.slice(end);
    if (channelData.length > 0 && channelData[0].length > 0) yield { channels: channelData, sampleRate };
  }

  finish(): Blocks {
    if (this.#bytes.length > 0) this.#notes.add('it is cut off within a frame');
    return [];
  }

  free(): void {
    this.#library?.free();
  }

  /** Bytes of the frames that are all there. */
  #wholeFrames(): number {
    let at = 0;
    while (at < this.#bytes.length) {
      const length = frameBytes[this.#band][(this.#bytes[at] >> 3) & 15];
      // The bit above the type is the end of a list, the two below are zeros.
      if (length === 0 || (this.#bytes[at] & 0x83) !== 0) throw new FormatError('one of its frames is damaged');
      if (at + length > this.#bytes.length) break;
      at += length;
    }
    return at;
  }
}
