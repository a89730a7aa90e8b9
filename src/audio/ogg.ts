/** Walks the pages of an Ogg file (RFC 3533) beside its decoder, which does not tell what it left out. */
import { join, tagAt } from './decoder.ts';

const pageHeader = 27;
const lastPageFlag = 4;

export class OggWatch {
  readonly problems: string[] = [];
  #bytes: Uint8Array = new Uint8Array(0);
  #ended = false;

  watch(bytes: Uint8Array): void {
    this.#bytes = join(this.#bytes, bytes);
    let at = 0;
    while (at + pageHeader <= this.#bytes.length) {
      if (tagAt(this.#bytes, at) !== 'OggS') {
        this.#note('there are bytes between its Ogg pages that belong to none');
        at = nextPage(this.#bytes, at + 1);
        continue;
      }
      const length = pageLength(this.#bytes, at);
      if (length === undefined || at + length > this.#bytes.length) break;
      const page = this.#bytes.subarray(at, at + length);
      if (checksum(page) !== new DataView(page.buffer, page.byteOffset).getUint32(22, true))
        this.#note('the checksum of an Ogg page is wrong');
      this.#ended = (page[5] & lastPageFlag) !== 0;
      at += length;
    }
    this.#bytes = this.#bytes.subarray(at);
  }

  finish(): void {
    if (!this.#ended) this.#note('it is cut off: its last Ogg page is missing');
  }

  #note(problem: string): void {
    if (!this.problems.includes(problem)) this.problems.push(problem);
  }
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

/** CRC-32 of polynomial 0x04c11db7, most significant bit first, over the page with its checksum as zeros (RFC 3533, 6). */
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
