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
export async function* indexFirst(reader: ByteReader, blockSize: number, problems: string[]): AsyncGenerator<Uint8Array> {
  if (!reader.canSeek) throw new FormatError('M4A cannot be read from a pipe');
  const boxes = await topLevelBoxes(reader);
  const moov = boxes.find((box) => box.type === 'moov');
  if (boxes.at(-1)!.end > reader.size!) problems.push(`it is cut off: its boxes promise ${boxes.at(-1)!.end - reader.size!} more bytes`);
  if (!moov) throw new FormatError('it has no index (moov box), so its audio cannot be found');
  if (moov.end > reader.size! || moov.end - moov.start > largestIndex) throw new FormatError('its index (moov box) is cut off or damaged');
  const index = (await reader.readAt(moov.start, moov.end - moov.start)).slice();
  const first = boxes[0].end <= moov.start ? boxes[0] : undefined;
  const head = first ? await reader.readAt(0, Math.min(first.end, largestIndex)) : new Uint8Array(0);
  const shift = { from: head.length, to: moov.start, by: index.length };
  moveOffsets(new DataView(index.buffer), 8, index.length, shift);
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
  const type = String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5), view.getUint8(at + 6), view.getUint8(at + 7));
  if (size === 1 && at + 16 <= view.byteLength) return { type, size: Number(view.getBigUint64(at + 8)), header: 16 };
  return { type, size: size === 0 ? rest : size, header: 8 };
}

const pathToOffsets = new Set(['trak', 'mdia', 'minf', 'stbl']);

/** Adds `by` to every chunk offset in [from, to): those places move behind the index. */
function moveOffsets(view: DataView, start: number, end: number, shift: { from: number; to: number; by: number }): void {
  const moved = (offset: number) => (offset >= shift.from && offset < shift.to ? offset + shift.by : offset);
  for (let at = start; at + 8 <= end; ) {
    const { type, size, header } = boxAt(view, at, end - at);
    if (size < header || at + size > end) return;
    if (pathToOffsets.has(type)) moveOffsets(view, at + header, at + size, shift);
    const width = type === 'stco' ? 4 : type === 'co64' ? 8 : 0;
    const count = width > 0 && header + 8 <= size ? Math.min(view.getUint32(at + header + 4), Math.floor((size - header - 8) / width)) : 0;
    for (let i = 0, entry = at + header + 8; i < count; i++, entry += width) {
      if (width === 4) view.setUint32(entry, moved(view.getUint32(entry)));
      else view.setBigUint64(entry, BigInt(moved(Number(view.getBigUint64(entry)))));
    }
    at += size;
  }
}
