/** What an MP3 file's head tells and its decoder does not: one channel or two, and how long the file should be. */
import { tagAt } from './decoder.ts';

export interface Mp3Head {
  readonly mono: boolean;
  /** Bytes from the start of the file to the end of the audio; undefined where the encoder wrote no such count. */
  readonly end: number | undefined;
}

/** Bytes of an ID3v2 tag at the start, 0 if there is none (id3.org, ID3v2.4 structure, 3.1). */
export function id3Length(head: Uint8Array): number {
  if (head.length < 10 || String.fromCharCode(...head.subarray(0, 3)) !== 'ID3') return 0;
  const size = (head[6] << 21) | (head[7] << 14) | (head[8] << 7) | head[9];
  return 10 + size + (head[5] & 0x10 ? 10 : 0);
}

/** An MPEG audio frame header of layer I to III (ISO/IEC 11172-3, 2.4.1.3). */
export function isMpegFrame(bytes: Uint8Array, at = 0): boolean {
  if (at + 4 > bytes.length || bytes[at] !== 0xff || (bytes[at + 1] & 0xe0) !== 0xe0) return false;
  const version = (bytes[at + 1] >> 3) & 3;
  const layer = (bytes[at + 1] >> 1) & 3;
  const bitrate = bytes[at + 2] >> 4;
  const rate = (bytes[at + 2] >> 2) & 3;
  return version !== 1 && layer !== 0 && bitrate !== 15 && rate !== 3;
}

/** Reads the first frame of `head`, the file's bytes from `offset` on. */
export function mp3Head(head: Uint8Array, offset: number): Mp3Head {
  let at = 0;
  while (at + 4 <= head.length && !isMpegFrame(head, at)) at++;
  if (at + 4 > head.length) return { mono: false, end: undefined };
  const mono = head[at + 3] >> 6 === 3;
  const mpeg1 = ((head[at + 1] >> 3) & 3) === 3;
  // The Xing or Info tag stands behind the side information of an otherwise empty first frame.
  const tag = at + 4 + (mpeg1 ? (mono ? 17 : 32) : mono ? 9 : 17);
  if (tag + 16 > head.length || !['Xing', 'Info'].includes(tagAt(head, tag))) return { mono, end: undefined };
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const flags = view.getUint32(tag + 4);
  const hasFrames = (flags & 1) !== 0;
  const hasBytes = (flags & 2) !== 0;
  return { mono, end: hasBytes ? offset + at + view.getUint32(tag + (hasFrames ? 12 : 8)) : undefined };
}
