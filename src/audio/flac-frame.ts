/**
 * One frame of FLAC (RFC 9639, chapter 9): 4 to 32 bits, up to 8 channels, checked by its own sums.
 *
 * Own code because the library at hand loses a last frame of constant samples (digital silence), takes a tag behind the
 * audio as a part of it, knows no 32 bits, and brings a parser under the LGPL.
 */

/** What a stream says of all its frames (RFC 9639, 8.2). */
export interface StreamInfo {
  readonly sampleRate: number;
  readonly channels: number;
  readonly bits: number;
  /** Samples a channel in all; 0 where the encoder did not know. */
  readonly length: number;
  /** Samples a channel of the largest frame; bytes of the largest frame, 0 where it is not known. */
  readonly largestBlock: number;
  readonly largestFrame: number;
}

export interface FlacFrame {
  readonly sampleRate: number;
  readonly bits: number;
  readonly channels: readonly (Int32Array | Float64Array)[];
  /** Where the next frame begins. */
  readonly end: number;
}

/** Bytes of STREAMINFO. */
export const streamInfoBytes = 34;

export function readStreamInfo(block: Uint8Array): StreamInfo | undefined {
  if (block.length < streamInfoBytes) return undefined;
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  const packed = view.getUint32(10);
  return {
    largestBlock: view.getUint16(2),
    largestFrame: (block[7] << 16) | (block[8] << 8) | block[9],
    sampleRate: packed >>> 12,
    channels: ((packed >>> 9) & 7) + 1,
    bits: ((packed >>> 4) & 31) + 1,
    length: (packed & 15) * 2 ** 32 + view.getUint32(14),
  };
}

/** The frame is not all there yet. */
export const incomplete = 'incomplete';
/** What stands there is no frame, or a damaged one. */
export const invalid = 'invalid';

interface Header {
  readonly block: number;
  readonly sampleRate: number;
  readonly channels: number;
  /** 0: each channel on its own; 1 to 3: left and side, side and right, mid and side. */
  readonly stereo: number;
  readonly bits: number;
  readonly end: number;
}

const rates = [0, 88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000];
const depths = [0, 8, 12, 0, 16, 20, 24, 32];

export function decodeFlacFrame(
  bytes: Uint8Array,
  at: number,
  info: StreamInfo,
): FlacFrame | typeof incomplete | typeof invalid {
  const header = readHeader(bytes, at, info);
  if (header === incomplete || header === invalid) return header;
  const reader = new BitReader(bytes, header.end * 8);
  const channels: (Int32Array | Float64Array)[] = [];
  for (let i = 0; i < header.channels; i++) {
    const isSide = header.stereo > 0 && i === (header.stereo === 2 ? 0 : 1);
    const samples = readSubframe(reader, header.block, header.bits + (isSide ? 1 : 0));
    if (!samples) return reader.isPast ? incomplete : invalid;
    channels.push(samples);
  }
  const footer = (reader.position + 7) >> 3;
  if (footer + 2 > bytes.length) return incomplete;
  if (crc16(bytes, at, footer) !== ((bytes[footer] << 8) | bytes[footer + 1])) return invalid;
  if (header.stereo > 0) undoStereo(channels, header.stereo);
  return { sampleRate: header.sampleRate, bits: header.bits, channels, end: footer + 2 };
}

/** RFC 9639, 9.1. */
function readHeader(bytes: Uint8Array, at: number, info: StreamInfo): Header | typeof incomplete | typeof invalid {
  if (at + 6 > bytes.length) return incomplete;
  if (bytes[at] !== 0xff || (bytes[at + 1] & 0xfe) !== 0xf8) return invalid;
  const blockCode = bytes[at + 2] >> 4;
  const rateCode = bytes[at + 2] & 15;
  const assignment = bytes[at + 3] >> 4;
  const depthCode = (bytes[at + 3] >> 1) & 7;
  if (blockCode === 0 || rateCode === 15 || assignment > 10 || depthCode === 3 || (bytes[at + 3] & 1) === 1)
    return invalid;
  // The number of the frame or sample, coded as UTF-8 codes characters, in up to 7 bytes.
  const ones = Math.clz32(~(bytes[at + 4] << 24));
  if (ones === 1 || ones > 7) return invalid;
  let end = at + 5 + Math.max(0, ones - 1);
  const extra = (blockCode === 6 ? 1 : blockCode === 7 ? 2 : 0) + (rateCode === 12 ? 1 : rateCode > 12 ? 2 : 0);
  if (end + extra + 1 > bytes.length) return incomplete;
  let block = blockCode === 1 ? 192 : blockCode < 6 ? 144 << blockCode : 1 << blockCode;
  if (blockCode === 6) block = bytes[end++] + 1;
  if (blockCode === 7) block = ((bytes[end++] << 8) | bytes[end++]) + 1;
  let sampleRate = rateCode === 0 ? info.sampleRate : rates[rateCode];
  if (rateCode === 12) sampleRate = bytes[end++] * 1000;
  if (rateCode > 12) sampleRate = ((bytes[end++] << 8) | bytes[end++]) * (rateCode === 13 ? 1 : 10);
  if (crc8(bytes, at, end) !== bytes[end]) return invalid;
  return {
    block,
    sampleRate,
    channels: assignment < 8 ? assignment + 1 : 2,
    stereo: assignment < 8 ? 0 : assignment - 7,
    bits: depthCode === 0 ? info.bits : depths[depthCode],
    end: end + 1,
  };
}

/** RFC 9639, 9.2; undefined where it makes no sense or is not all there. */
function readSubframe(reader: BitReader, block: number, bits: number): Int32Array | Float64Array | undefined {
  const head = reader.read(8);
  const type = (head >> 1) & 63;
  const wasted = (head & 1) === 1 ? reader.unary() + 1 : 0;
  const depth = bits - wasted;
  if (head > 127 || depth < 1) return undefined;
  const samples = depth > 32 ? new Float64Array(block) : new Int32Array(block);
  if (type === 0) samples.fill(reader.signed(depth));
  else if (type === 1) for (let i = 0; i < block; i++) samples[i] = reader.signed(depth);
  else if (type >= 8 && type <= 12) {
    const order = type - 8;
    if (order > block || !readResidual(reader, samples, order, depth)) return undefined;
    predictFixed(samples, order);
  } else if (type >= 32) {
    const order = type - 31;
    if (order > block) return undefined;
    for (let i = 0; i < order; i++) samples[i] = reader.signed(depth);
    const precision = reader.read(4) + 1;
    const shift = reader.signed(5);
    if (precision === 16 || shift < 0) return undefined;
    const coefficients = Array.from({ length: order }, () => reader.signed(precision));
    if (!readResidual(reader, samples, order, 0)) return undefined;
    const fits = depth + precision + Math.ceil(Math.log2(order)) <= 32;
    if (fits) predictSmall(samples as Int32Array, coefficients, shift);
    else predictLarge(samples, coefficients, shift);
  } else return undefined;
  if (reader.isPast) return undefined;
  if (wasted > 0) for (let i = 0; i < block; i++) samples[i] *= 2 ** wasted;
  return samples;
}

/** RFC 9639, 9.2.7: Rice codes behind the warm-up samples, which are read here where they have `depth` bits. */
function readResidual(reader: BitReader, samples: Int32Array | Float64Array, order: number, depth: number): boolean {
  if (depth > 0) for (let i = 0; i < order; i++) samples[i] = reader.signed(depth);
  const method = reader.read(2);
  if (method > 1) return false;
  const parameterBits = method === 0 ? 4 : 5;
  const partitions = 1 << reader.read(4);
  const length = samples.length / partitions;
  if (!Number.isInteger(length) || length < order) return false;
  let at = order;
  for (let partition = 0; partition < partitions; partition++) {
    const parameter = reader.read(parameterBits);
    const end = (partition + 1) * length;
    if (parameter === (1 << parameterBits) - 1) {
      const width = reader.read(5);
      for (; at < end; at++) samples[at] = width === 0 ? 0 : reader.signed(width);
    } else reader.rice(samples, at, end, parameter);
    at = end;
    if (reader.isPast) return false;
  }
  return true;
}

/** RFC 9639, 9.2.5. */
function predictFixed(s: Int32Array | Float64Array, order: number): void {
  if (order === 1) for (let i = 1; i < s.length; i++) s[i] += s[i - 1];
  if (order === 2) for (let i = 2; i < s.length; i++) s[i] += 2 * s[i - 1] - s[i - 2];
  if (order === 3) for (let i = 3; i < s.length; i++) s[i] += 3 * (s[i - 1] - s[i - 2]) + s[i - 3];
  if (order === 4) for (let i = 4; i < s.length; i++) s[i] += 4 * (s[i - 1] + s[i - 3]) - 6 * s[i - 2] - s[i - 4];
}

/** RFC 9639, 9.2.6, where all sums fit 32 bits. */
function predictSmall(samples: Int32Array, coefficients: readonly number[], shift: number): void {
  const order = coefficients.length;
  const reversed = Int32Array.from(coefficients).reverse();
  for (let i = order; i < samples.length; i++) {
    let sum = 0;
    for (let k = 0, at = i - order; k < order; k++, at++) sum = (sum + Math.imul(reversed[k], samples[at])) | 0;
    samples[i] += sum >> shift;
  }
}

/** The same in doubles, exact to 53 bits. */
function predictLarge(samples: Int32Array | Float64Array, coefficients: readonly number[], shift: number): void {
  const order = coefficients.length;
  const reversed = Float64Array.from(coefficients).reverse();
  const scale = 2 ** -shift;
  for (let i = order; i < samples.length; i++) {
    let sum = 0;
    for (let k = 0, at = i - order; k < order; k++, at++) sum += reversed[k] * samples[at];
    samples[i] += Math.floor(sum * scale);
  }
}

/** RFC 9639, 4.2. */
function undoStereo(channels: (Int32Array | Float64Array)[], stereo: number): void {
  const [a, b] = channels;
  for (let i = 0; i < a.length; i++) {
    if (stereo === 1) b[i] = a[i] - b[i];
    else if (stereo === 2) a[i] += b[i];
    else {
      // The lowest bit of the sum is that of the difference.
      const sum = 2 * a[i] + (Math.abs(b[i]) % 2);
      const side = b[i];
      a[i] = (sum + side) / 2;
      b[i] = (sum - side) / 2;
    }
  }
}

class BitReader {
  readonly #bytes: Uint8Array;
  readonly #length: number;
  position: number;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.#length = bytes.length * 8;
    this.position = position;
  }

  get isPast(): boolean {
    return this.position > this.#length;
  }

  /** The next 32 bits; zeros behind the end. */
  #word(): number {
    const bytes = this.#bytes;
    const at = this.position >> 3;
    const shift = this.position & 7;
    const word =
      at + 4 < bytes.length
        ? (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
        : (byteOf(bytes, at) << 24) |
          (byteOf(bytes, at + 1) << 16) |
          (byteOf(bytes, at + 2) << 8) |
          byteOf(bytes, at + 3);
    return shift === 0 ? word : (word << shift) | (byteOf(bytes, at + 4) >> (8 - shift));
  }

  /** Up to 31 bits. */
  read(count: number): number {
    if (count === 0) return 0;
    const value = this.#word() >>> (32 - count);
    this.position += count;
    return value;
  }

  /** Up to 33 bits, in two's complement. */
  signed(count: number): number {
    if (count <= 32) {
      const value = this.#word() >> (32 - count);
      this.position += count;
      return value;
    }
    const high = this.signed(16);
    return high * 2 ** (count - 16) + this.read(count - 16);
  }

  /** Zeros before a one. */
  unary(): number {
    let zeros = 0;
    while (this.position <= this.#length) {
      const found = Math.clz32(this.#word());
      if (found < 32) {
        this.position += found + 1;
        return zeros + found;
      }
      zeros += 32;
      this.position += 32;
    }
    return 0;
  }

  rice(samples: Int32Array | Float64Array, from: number, to: number, parameter: number): void {
    const bytes = this.#bytes;
    const safe = bytes.length - 5;
    let position = this.position;
    for (let i = from; i < to; i++) {
      const at = position >> 3;
      if (at < safe) {
        const shift = position & 7;
        const word =
          (((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) << shift) |
          (bytes[at + 4] >> (8 - shift));
        const zeros = Math.clz32(word);
        if (zeros + parameter < 31) {
          // The whole code is in this word, and small.
          const low = parameter === 0 ? 0 : (word << (zeros + 1)) >>> (32 - parameter);
          const code = (zeros << parameter) | low;
          samples[i] = (code >>> 1) ^ -(code & 1);
          position += zeros + 1 + parameter;
          continue;
        }
      }
      this.position = position;
      samples[i] = this.#riceSlowly(parameter);
      position = this.position;
      if (position > this.#length) return;
    }
    this.position = position;
  }

  #riceSlowly(parameter: number): number {
    const high = this.unary();
    const code = high * 2 ** parameter + this.read(parameter);
    return code % 2 === 0 ? code / 2 : -(code + 1) / 2;
  }
}

const byteOf = (bytes: Uint8Array, at: number): number => (at < bytes.length ? bytes[at] : 0);

const table = (bits: 8 | 16, polynomial: number): Uint16Array =>
  Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << (bits - 8);
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ ((crc >> (bits - 1)) & 1 ? polynomial : 0);
    return crc & (2 ** bits - 1);
  });
const table8 = table(8, 0x07);
const table16 = table(16, 0x8005);

function crc8(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0;
  for (let i = from; i < to; i++) crc = table8[crc ^ bytes[i]];
  return crc;
}

function crc16(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0;
  for (let i = from; i < to; i++) crc = ((crc << 8) & 0xffff) ^ table16[(crc >> 8) ^ bytes[i]];
  return crc;
}
