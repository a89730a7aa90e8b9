/** Takes Ogg files apart and puts them together again, for tests. */

/** The pages of a file, changed by `edit`, with right checksums. `split`: first cut to one packet a page. */
export function withOggPages(
  bytes: Uint8Array,
  edit: (pages: Uint8Array[]) => Uint8Array[],
  split = false,
): Uint8Array {
  const pages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const segments = bytes[at + 26];
    let length = 27 + segments;
    for (let i = 0; i < segments; i++) length += bytes[at + 27 + i];
    pages.push(bytes.slice(at, at + length));
    at += length;
  }
  const edited = edit(split ? renumbered(pages.flatMap(singlePackets)) : pages);
  for (const page of edited) {
    page.fill(0, 22, 26);
    new DataView(page.buffer).setUint32(22, checksum(page), true);
  }
  return new Uint8Array(Buffer.concat(edited));
}

/** One page a packet; only the last keeps the position, which it is of. Pages of packets that go on stay as they are. */
function singlePackets(page: Uint8Array): Uint8Array[] {
  const table = page.subarray(27, 27 + page[26]);
  if (table.at(-1) === 255 || (page[5] & 3) !== 0) return [page];
  const pages: Uint8Array[] = [];
  let start = 27 + table.length;
  for (let first = 0; first < table.length; ) {
    let last = first;
    while (table[last] === 255) last++;
    const sizes = table.subarray(first, last + 1);
    const body = sizes.reduce((sum, size) => sum + size, 0);
    const single = new Uint8Array(27 + sizes.length + body);
    single.set(page.subarray(0, 27));
    single[26] = sizes.length;
    single.set(sizes, 27);
    single.set(page.subarray(start, start + body), 27 + sizes.length);
    const isLast = last === table.length - 1;
    if (!isLast) {
      single[5] &= ~4;
      new DataView(single.buffer).setBigInt64(6, -1n, true);
    }
    pages.push(single);
    start += body;
    first = last + 1;
  }
  return pages;
}

function renumbered(pages: Uint8Array[]): Uint8Array[] {
  pages.forEach((page, i) => new DataView(page.buffer).setUint32(18, i, true));
  return pages;
}

/** RFC 3533, 6, bit by bit. */
function checksum(page: Uint8Array): number {
  let crc = 0;
  for (const byte of page) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}
