/** The pages of an Ogg file (RFC 3533), checked, and the packets in them. */
import { join, tagAt } from './decoder.ts';

export interface OggPage {
  readonly serial: number;
  readonly sequence: number;
  /** The first page of a logical stream; its last. */
  readonly first: boolean;
  readonly last: boolean;
  /** Where the last packet that ends on this page ends, in the codec's own samples; undefined where none ends. */
  readonly granule: number | undefined;
  /** The first piece belongs to the packet that the page before began. */
  readonly continued: boolean;
  readonly pieces: readonly Uint8Array[];
  /** The last piece goes on in the next page. */
  readonly unfinished: boolean;
}

const pageHeader = 27;

export class OggPages {
  readonly problems: string[] = [];
  #bytes: Uint8Array = new Uint8Array(0);

  /** The pages that these bytes complete. */
  read(bytes: Uint8Array): OggPage[] {
    this.#bytes = join(this.#bytes, bytes);
    const pages: OggPage[] = [];
    let at = 0;
    while (at + pageHeader <= this.#bytes.length) {
      if (tagAt(this.#bytes, at) !== 'OggS') {
        const next = nextPage(this.#bytes, at + 1);
        // Zeros between pages and behind them are filling, no damage.
        if (this.#bytes.subarray(at, next).some((byte) => byte !== 0))
          this.#note('there are bytes between its Ogg pages that belong to none');
        at = next;
        continue;
      }
      const length = pageLength(this.#bytes, at);
      if (length === undefined || at + length > this.#bytes.length) break;
      const page = this.#bytes.subarray(at, at + length);
      const view = new DataView(page.buffer, page.byteOffset, length);
      if (checksum(page) === view.getUint32(22, true)) {
        pages.push(pageOf(page, view));
        at += length;
      } else {
        this.#note('the checksum of an Ogg page is wrong');
        at = nextPage(this.#bytes, at + 1);
      }
    }
    this.#bytes = this.#bytes.subarray(at);
    return pages;
  }

  finish(): void {
    if (this.#bytes.some((byte) => byte !== 0)) this.#note('it is cut off within an Ogg page');
  }

  #note(problem: string): void {
    if (!this.problems.includes(problem)) this.problems.push(problem);
  }
}

function pageOf(page: Uint8Array, view: DataView): OggPage {
  const segments = page[26];
  const pieces: Uint8Array[] = [];
  let start = pageHeader + segments;
  let end = start;
  for (let i = 0; i < segments; i++) {
    end += page[pageHeader + i];
    if (page[pageHeader + i] === 255 && i < segments - 1) continue;
    pieces.push(page.subarray(start, end));
    start = end;
  }
  const granule = view.getBigInt64(6, true);
  return {
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    first: (page[5] & 2) !== 0,
    last: (page[5] & 4) !== 0,
    granule: granule === -1n ? undefined : Number(granule),
    continued: (page[5] & 1) !== 0,
    pieces,
    unfinished: segments > 0 && page[pageHeader + segments - 1] === 255,
  };
}

function nextPage(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at + 4 <= bytes.length && tagAt(bytes, at) !== 'OggS') at++;
  return at;
}

/** Undefined while the table of segments is not all there. */
function pageLength(bytes: Uint8Array, at: number): number | undefined {
  const body = at + pageHeader + bytes[at + 26];
  if (body > bytes.length) return undefined;
  let length = body - at;
  for (let i = at + pageHeader; i < body; i++) length += bytes[i];
  return length;
}

/**
 * CRC-32 of polynomial 0x04c11db7, most significant bit first, over the page with its checksum as zeros (RFC 3533, 6).
 */
function checksum(page: Uint8Array): number {
  let crc = 0;
  for (let i = 0; i < page.length; i++) {
    const byte = i >= 22 && i < 26 ? 0 : page[i];
    crc = ((crc << 8) ^ crcTable[(crc >>> 24) ^ byte]) >>> 0;
  }
  return crc;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc >>> 0;
});
