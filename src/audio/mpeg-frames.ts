/** The frames of MPEG audio (ISO/IEC 11172-3, 2.4.1.3; 13818-3) and of AAC in ADTS (ISO/IEC 14496-3, 1.A.2). */

export interface MpegFrame {
  readonly kind: 'mpeg' | 'adts';
  /** What all frames of a stream have in common; other frames are of another stream, or none. */
  readonly stream: string;
  readonly sampleRate: number;
  readonly channels: number;
  /** Bytes; undefined of a free format, whose frames are as long as the distance to the next. */
  readonly length: number | undefined;
  /** Where the Xing or Info tag stands behind the frame's start, behind the side information. */
  readonly tagOffset: number;
}

/** kbit/s by version 1 or 2, then layer. */
const bitrates: readonly (readonly (readonly number[])[])[] = [
  [
    [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  ],
  [
    [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  ],
];
const mpegRates = [44100, 48000, 32000];
const adtsRates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

/** Longest frame there is: free format of layer II at 8 kHz has no bound, but decoders have one. */
const longestFrame = 8192;

export function frameAt(bytes: Uint8Array, at: number): MpegFrame | undefined {
  if (at + 7 > bytes.length || bytes[at] !== 0xff || bytes[at + 1] < 0xe0) return undefined;
  return (bytes[at + 1] & 0xf6) === 0xf0 ? adtsFrame(bytes, at) : mpegFrame(bytes, at);
}

function mpegFrame(bytes: Uint8Array, at: number): MpegFrame | undefined {
  const version = (bytes[at + 1] >> 3) & 3;
  const layer = 4 - ((bytes[at + 1] >> 1) & 3);
  const bitrate = bytes[at + 2] >> 4;
  const rate = (bytes[at + 2] >> 2) & 3;
  if (version === 1 || layer === 4 || bitrate === 15 || rate === 3 || (bytes[at + 3] & 3) === 2) return undefined;
  const isFirst = version === 3;
  const sampleRate = mpegRates[rate] / (isFirst ? 1 : version === 2 ? 2 : 4);
  const channels = bytes[at + 3] >> 6 === 3 ? 1 : 2;
  const padding = (bytes[at + 2] >> 1) & 1;
  const perSecond = bitrate === 0 ? 0 : (bitrates[isFirst ? 0 : 1][layer - 1][bitrate - 1] * 1000) / sampleRate;
  const slots =
    layer === 1
      ? 4 * (Math.floor(12 * perSecond) + padding)
      : Math.floor((layer === 3 && !isFirst ? 72 : 144) * perSecond) + padding;
  return {
    kind: 'mpeg',
    stream: `${version} ${layer} ${sampleRate} ${channels}${bitrate === 0 ? ' free' : ''}`,
    sampleRate,
    channels,
    length: bitrate === 0 ? undefined : slots,
    tagOffset: 4 + (isFirst ? (channels === 1 ? 17 : 32) : channels === 1 ? 9 : 17),
  };
}

function adtsFrame(bytes: Uint8Array, at: number): MpegFrame | undefined {
  const rate = (bytes[at + 2] >> 2) & 15;
  const channels = ((bytes[at + 2] & 1) << 2) | (bytes[at + 3] >> 6);
  const length = ((bytes[at + 3] & 3) << 11) | (bytes[at + 4] << 3) | (bytes[at + 5] >> 5);
  if (rate >= adtsRates.length || length < 8) return undefined;
  return {
    kind: 'adts',
    stream: `${bytes[at + 1] & 8} ${bytes[at + 2] >> 6} ${rate} ${channels}`,
    sampleRate: adtsRates[rate],
    channels: channels === 7 ? 8 : channels,
    length,
    tagOffset: 0,
  };
}

/** Bytes to the next frame: of free format found by looking for it; undefined where none is in sight. */
function distanceAt(bytes: Uint8Array, at: number, frame: MpegFrame): number | undefined {
  if (frame.length !== undefined) return frame.length;
  for (let next = at + 24; next < Math.min(bytes.length, at + longestFrame); next++)
    if (frameAt(bytes, next)?.stream === frame.stream) return next - at;
  return undefined;
}

export interface FoundFrame {
  readonly at: number;
  readonly frame: MpegFrame;
}

/**
 * The first frame from `from` on that a frame of the same stream follows, and in the middle of things another one: one
 * alone may be chance. At the file's very end one frame that ends with it will do.
 */
export function findFrames(bytes: Uint8Array, from: number, isWhole: boolean): FoundFrame | undefined {
  for (let at = from; at + 7 <= bytes.length; at++) {
    if (bytes[at] !== 0xff) continue;
    const frame = frameAt(bytes, at);
    const times = at === 0 && frame?.length !== undefined ? 1 : 2;
    if (frame && isFollowed(bytes, at, frame, times, isWhole)) return { at, frame };
  }
  return undefined;
}

function isFollowed(
  bytes: Uint8Array,
  at: number,
  frame: MpegFrame,
  times: number,
  isWhole: boolean,
  before?: number,
): boolean {
  const distance = distanceAt(bytes, at, frame);
  if (distance === undefined) return false;
  // Frames of free format differ by one slot at most.
  if (before !== undefined && frame.length === undefined && Math.abs(distance - before) > 4) return false;
  const next = at + distance;
  if (isWhole && next === bytes.length) return true;
  const follower = frameAt(bytes, next);
  if (follower?.stream !== frame.stream) return false;
  return times === 1 || isFollowed(bytes, next, follower, times - 1, isWhole, distance);
}

/** Bytes of an ID3v2 tag at the start, 0 if there is none (id3.org, ID3v2.4 structure, 3.1). */
export function id3Length(head: Uint8Array): number {
  if (head.length < 10 || head[0] !== 0x49 || head[1] !== 0x44 || head[2] !== 0x33 || head[3] > 9) return 0;
  if ((head[6] | head[7] | head[8] | head[9]) > 127) return 0;
  const size = (head[6] << 21) | (head[7] << 14) | (head[8] << 7) | head[9];
  return 10 + size + (head[5] & 0x10 ? 10 : 0);
}
