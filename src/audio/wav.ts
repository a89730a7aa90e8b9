/**
 * WAV, read as a stream with little memory: integers of 8 to 32 bits, floats of 32 and 64, A-law and mu-law, extensible
 * headers, RF64 and BW64, and the sizes that programs leave in a header when they write to a pipe.
 *
 * Own code because 16-bit samples must come out as they went in (value / 32768); the decoders at hand divide positive
 * samples by 32767. Sources: Microsoft, Multimedia Data Standards Update (1994); EBU Tech 3306 (RF64); ITU-T G.711.
 */
import { type AudioBlock, type Decoder, FormatError, join, tagAt } from './decoder.ts';

interface Format {
  readonly channels: number;
  readonly sampleRate: number;
  /** Bytes of one sample of one channel. */
  readonly width: number;
  readonly read: (view: DataView, at: number) => number;
}

const pcmTag = 1;
const floatTag = 3;
const aLawTag = 6;
const muLawTag = 7;
const extensibleTag = 0xfffe;
const tagNames: Readonly<Record<number, string>> = {
  2: 'MS ADPCM',
  0x11: 'IMA ADPCM',
  0x31: 'GSM 6.10',
  0x55: 'MP3 inside WAV',
  0xff: 'AAC inside WAV',
};

/** sox, ffmpeg and arecord put sizes from here on into a header when they write to a pipe. */
const placeholderSize = 0x7ffff000;
/** More header than any program writes in front of the samples. */
const longestChunkKept = 1 << 16;

export class WavDecoder implements Decoder {
  readonly problems: string[] = [];
  #bytes: Uint8Array = new Uint8Array(0);
  #part: 'riff' | 'chunk' | 'skip' | 'data' | 'end' = 'riff';
  #position = 0;
  #riffSize = 0;
  #longDataSize: number | undefined;
  #format: Format | undefined;
  /** Bytes left in the chunk that is skipped or of the samples. */
  #left = 0;
  #openEnded = false;

  async decode(bytes: Uint8Array): Promise<AudioBlock | undefined> {
    this.#bytes = join(this.#bytes, bytes);
    while (this.#part !== 'data' && this.#part !== 'end' && this.#readHeader());
    return this.#part === 'data' ? this.#readSamples() : undefined;
  }

  async finish(): Promise<AudioBlock | undefined> {
    if (this.#part === 'data') {
      const early = !this.#openEnded && this.#left > 0;
      if (early) this.problems.push(`it is cut off: its header promises ${this.#left} more bytes of samples`);
    } else if (this.#part !== 'end') {
      throw new FormatError('it is cut off before its samples begin');
    }
    return undefined;
  }

  free(): void {
    this.#bytes = new Uint8Array(0);
  }

  /** Takes one piece of the header off the front; false when more bytes are needed. */
  #readHeader(): boolean {
    const bytes = this.#bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.#part === 'riff') {
      if (bytes.length < 12) return false;
      this.#riffSize = view.getUint32(4, true);
      this.#part = 'chunk';
      return this.#take(12);
    }
    if (this.#part === 'skip') {
      const skipped = Math.min(this.#left, bytes.length);
      this.#left -= skipped;
      if (this.#left === 0) this.#part = 'chunk';
      return this.#take(skipped) && this.#part === 'chunk';
    }
    if (bytes.length < 8) return false;
    const tag = tagAt(bytes, 0);
    const size = view.getUint32(4, true);
    if (tag === 'data') return this.#beginSamples(size);
    if (tag !== 'fmt ' && tag !== 'ds64') {
      this.#part = 'skip';
      this.#left = size + (size % 2);
      return this.#take(8);
    }
    if (size < (tag === 'fmt ' ? 16 : 24) || size > longestChunkKept)
      throw new FormatError(`its ${tag.trim()} chunk has a senseless size of ${size} bytes`);
    if (bytes.length < 8 + size) return false;
    const body = new DataView(bytes.buffer, bytes.byteOffset + 8, size);
    if (tag === 'fmt ') this.#format = formatOf(body);
    else this.#longDataSize = Number(body.getBigUint64(8, true));
    this.#part = 'skip';
    this.#left = size % 2;
    return this.#take(8 + size);
  }

  #beginSamples(size: number): boolean {
    if (!this.#format) throw new FormatError('its samples come before any format is given');
    this.#take(8);
    const long = size === 0xffffffff && this.#longDataSize !== undefined;
    this.#left = long ? this.#longDataSize! : size;
    // A size of 0 is honest where the header as a whole counts further chunks behind the data.
    const riffUnknown =
      this.#riffSize === 0 || this.#riffSize >= placeholderSize || this.#riffSize + 8 <= this.#position;
    this.#openEnded = !long && (size >= placeholderSize || (size === 0 && riffUnknown));
    if (this.#openEnded && size === 0) this.#left = Infinity;
    if (size === 0xffffffff && !long) this.#left = Infinity;
    this.#part = this.#left > 0 ? 'data' : 'end';
    return true;
  }

  #readSamples(): AudioBlock | undefined {
    const { channels, sampleRate, width, read } = this.#format!;
    const frameBytes = channels * width;
    const frames = Math.floor(Math.min(this.#bytes.length, this.#left) / frameBytes);
    if (frames > 0) {
      const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, frames * frameBytes);
      const block = Array.from({ length: channels }, (_, channel) => {
        const samples = new Float32Array(frames);
        for (let i = 0, at = channel * width; i < frames; i++, at += frameBytes) samples[i] = read(view, at);
        return samples;
      });
      this.#left -= frames * frameBytes;
      this.#take(frames * frameBytes);
      if (this.#left < frameBytes) this.#part = 'end';
      return { channels: block, sampleRate };
    }
    if (this.#left < frameBytes) this.#part = 'end';
    return undefined;
  }

  #take(count: number): true {
    this.#bytes = this.#bytes.subarray(count);
    this.#position += count;
    return true;
  }
}

function formatOf(chunk: DataView): Format {
  const given = chunk.getUint16(0, true);
  // An extensible header names the real format in the first two bytes of a GUID.
  const tag = given === extensibleTag && chunk.byteLength >= 26 ? chunk.getUint16(24, true) : given;
  const channels = chunk.getUint16(2, true);
  const sampleRate = chunk.getUint32(4, true);
  const frameBytes = chunk.getUint16(12, true);
  const bits = chunk.getUint16(14, true);
  const read = readerOf(tag, bits);
  if (!read)
    throw new FormatError(
      `its WAV format is not one that can be read (${tagNames[tag] ?? `tag ${tag}`}, ${bits} bits)`,
    );
  const width = Math.ceil(bits / 8);
  if (channels < 1) throw new FormatError('its header gives 0 channels');
  if (frameBytes !== channels * width)
    throw new FormatError(
      `its header contradicts itself: ${channels} channels of ${bits} bits in frames of ${frameBytes} bytes`,
    );
  return { channels, sampleRate, width, read };
}

function readerOf(tag: number, bits: number): Format['read'] | undefined {
  if (tag === pcmTag && bits === 8) return (view, at) => (view.getUint8(at) - 128) / 128;
  if (tag === pcmTag && bits === 16) return (view, at) => view.getInt16(at, true) / 32768;
  if (tag === pcmTag && bits === 24)
    return (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 65536) / 8388608;
  if (tag === pcmTag && bits === 32) return (view, at) => view.getInt32(at, true) / 2147483648;
  if (tag === floatTag && bits === 32) return (view, at) => view.getFloat32(at, true);
  if (tag === floatTag && bits === 64) return (view, at) => view.getFloat64(at, true);
  if (tag === aLawTag && bits === 8) return (view, at) => fromALaw(view.getUint8(at)) / 32768;
  if (tag === muLawTag && bits === 8) return (view, at) => fromMuLaw(view.getUint8(at)) / 32768;
  return undefined;
}

/** ITU-T G.711 A-law to int16: sign, 3 bits of exponent, 4 of mantissa, every other bit inverted. */
function fromALaw(code: number): number {
  const inverted = code ^ 0x55;
  const exponent = (inverted >> 4) & 7;
  const mantissa = ((inverted & 15) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
  return inverted & 0x80 ? magnitude : -magnitude;
}

/** ITU-T G.711 mu-law to int16: as A-law, all bits inverted, with a bias of 132. */
function fromMuLaw(code: number): number {
  const inverted = ~code & 0xff;
  const magnitude = ((((inverted & 15) << 3) + 132) << ((inverted >> 4) & 7)) - 132;
  return inverted & 0x80 ? -magnitude : magnitude;
}
