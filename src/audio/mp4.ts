/**
 * Puts the boxes of an M4A file (ISO/IEC 14496-12) into an order that can be decoded front to back: the index (moov)
 * before the audio (mdat). Encoders write it last, when they know it; then the offsets in it are moved along.
 */
import type { ByteReader } from './byte-reader.ts';
import { FormatError, join } from './decoder.ts';

interface Box {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** An index larger than this is damage: ten hours of audio take 7 MB. */
const largestIndex = 256 << 20;

/** Bytes of the file with the index in the first block; `problems` gets what is wrong with the boxes. */
export async function* indexFirst(
  reader: ByteReader,
  blockSize: number,
  problems: string[],
): AsyncGenerator<Uint8Array> {
  if (!reader.canSeek) throw new FormatError('M4A cannot be read from a pipe');
  const boxes = await topLevelBoxes(reader);
  const moov = boxes.find((box) => box.type === 'moov');
  if (boxes.at(-1)!.end > reader.size!)
    problems.push(`it is cut off: its boxes promise ${boxes.at(-1)!.end - reader.size!} more bytes`);
  if (!moov) throw new FormatError('it has no index (moov box), so its audio cannot be found');
  if (moov.end > reader.size! || moov.end - moov.start > largestIndex)
    throw new FormatError('its index (moov box) is cut off or damaged');
  const index = (await reader.readAt(moov.start, moov.end - moov.start)).slice();
  const first = boxes[0].end <= moov.start ? boxes[0] : undefined;
  const head = first ? await reader.readAt(0, Math.min(first.end, largestIndex)) : new Uint8Array(0);
  const shift = { from: head.length, to: moov.start, by: index.length };
  moveOffsets(new DataView(index.buffer), 8, index.length, shift, reader.size!);
  yield join(head, index);
  yield* span(reader, head.length, moov.start, blockSize);
  yield* span(reader, moov.end, reader.size!, blockSize);
}

async function* span(reader: ByteReader, from: number, to: number, blockSize: number): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to; at += blockSize) yield await reader.readAt(at, Math.min(blockSize, to - at));
}

async function topLevelBoxes(reader: ByteReader): Promise<Box[]> {
  const boxes: Box[] = [];
  for (let start = 0; start + 8 <= reader.size!; ) {
    const header = await reader.readAt(start, 16);
    const view = new DataView(header.buffer, header.byteOffset, header.length);
    const { type, size } = boxAt(view, 0, reader.size! - start);
    if (size < 8) throw new FormatError('its boxes are damaged');
    boxes.push({ type, start, end: start + size });
    start += size;
  }
  return boxes;
}

/** A box's type and whole length; size 1 means 64 bits follow, size 0 the rest. */
function boxAt(view: DataView, at: number, rest: number): { type: string; size: number; header: number } {
  const size = view.getUint32(at);
  const type = String.fromCharCode(
    view.getUint8(at + 4),
    view.getUint8(at + 5),
    view.getUint8(at + 6),
    view.getUint8(at + 7),
  );
  if (size === 1 && at + 16 <= view.byteLength) return { type, size: Number(view.getBigUint64(at + 8)), header: 16 };
  return { type, size: size === 0 ? rest : size, header: 8 };
}

const pathToTables = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl', 'edts']);

/** Bytes of one entry of the tables that decoders read. */
const entryBytes: Readonly<Record<string, number>> = { stco: 4, co64: 8, stsc: 12, stts: 8, elst: 12 };

interface Shift {
  readonly from: number;
  readonly to: number;
  readonly by: number;
}

/**
 * Adds `by` to every chunk offset in [from, to): those places move behind the index. Tables that promise more than
 * they hold are refused, because decoders believe them and count to billions.
 */
function moveOffsets(view: DataView, start: number, end: number, shift: Shift, fileSize: number): void {
  for (let at = start; at + 8 <= end; ) {
    const { type, size, header } = boxAt(view, at, end - at);
    if (size < header || at + size > end) return;
    if (pathToTables.has(type)) moveOffsets(view, at + header, at + size, shift, fileSize);
    else checkTable(view, type, at + header, at + size, fileSize);
    const width = type === 'stco' || type === 'co64' ? entryBytes[type] : 0;
    for (let entry = at + header + 8; width > 0 && entry + width <= at + size; entry += width) {
      if (width === 4) view.setUint32(entry, moved(view.getUint32(entry), shift));
      else view.setBigUint64(entry, BigInt(moved(Number(view.getBigUint64(entry)), shift)));
    }
    at += size;
  }
}

function moved(offset: number, { from, to, by }: Shift): number {
  return offset >= from && offset < to ? offset + by : offset;
}

function checkTable(view: DataView, type: string, start: number, end: number, fileSize: number): void {
  const isSizes = type === 'stsz';
  const width = isSizes ? 4 : entryBytes[type];
  if (width === undefined) return;
  const countAt = isSizes ? start + 8 : start + 4;
  if (countAt + 4 > end) throw new FormatError(`its index is damaged (${type})`);
  const count = view.getUint32(countAt);
  const sampleSize = isSizes ? view.getUint32(start + 4) : 0;
  const fits = sampleSize > 0 ? count * sampleSize <= fileSize : count * width <= end - countAt - 4;
  if (!fits) throw new FormatError(`its index is damaged (${type} promises ${count} entries)`);
}
