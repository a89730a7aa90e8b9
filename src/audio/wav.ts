/** WAV: RIFF, RIFX (high bytes first), RF64, BW64 and Wave64, with the codecs that stand in them. */
import { imaWavCodec, msAdpcmCodec } from './adpcm.ts';
import { ChunkedDecoder, type ChunkFormat } from './chunked.ts';
import { type Decoder, FormatError, tagAt, viewOfBytes } from './decoder.ts';
import { mostChannels } from './format.ts';
import { gsmCodec } from './gsm.ts';
import { MpegDecoder } from './mpeg.ts';
import { pcmCodec, type SampleCodec } from './sample-codec.ts';

const extensibleTag = 0xfffe;
const tagNames: Readonly<Record<number, string>> = {
  0x11: 'IMA ADPCM',
  0x31: 'GSM 6.10',
  0x40: 'G.721 ADPCM',
  0x45: 'G.726 ADPCM',
  0x160: 'WMA 1',
  0x161: 'WMA 2',
  0x162: 'WMA Pro',
  0x22: 'TrueSpeech',
  0x42: 'G.723.1',
  0x83: 'G.729',
  0xff: 'AAC',
  0x1610: 'AAC',
  0x2000: 'AC-3',
  0x2001: 'DTS',
  0x674f: 'Ogg Vorbis',
  0xf1ac: 'FLAC',
};

/** sox, ffmpeg and arecord put sizes from here on into a header when they write to a pipe. */
const placeholderSize = 0x7ffff000;

/** Undefined where the bytes are none of them. */
export function wavDecoder(head: Uint8Array): Decoder | undefined {
  const magic = tagAt(head, 0);
  if (['RIFF', 'RIFX', 'RF64', 'BW64'].includes(magic) && tagAt(head, 8) === 'WAVE')
    return new ChunkedDecoder(riff(magic === 'RIFX'));
  return magic === 'riff' && hasGuid(head, 0, 'riff') && hasGuid(head, 24, 'wave')
    ? new ChunkedDecoder(wave64())
    : undefined;
}

function riff(bigEndian: boolean): ChunkFormat {
  let riffSize = 0;
  let longSize: number | undefined;
  const layout = new WavLayout(bigEndian);
  return {
    start: 12,
    head: 8,
    readStart: (bytes) => {
      riffSize = viewOfBytes(bytes).getUint32(4, !bigEndian);
    },
    readHead(bytes) {
      const size = viewOfBytes(bytes).getUint32(4, !bigEndian);
      const name = tagAt(bytes, 0);
      return { name, size: name === 'data' && size === 0xffffffff ? (longSize ?? size) : size };
    },
    padding: (size) => size % 2,
    wanted: ['fmt ', 'ds64'],
    readChunk(name, bytes) {
      if (name === 'fmt ') layout.read(bytes);
      else if (bytes.length >= 16) longSize = Number(viewOfBytes(bytes).getBigUint64(8, true));
    },
    samples: 'data',
    samplesOffset: () => 0,
    open: () => layout.open(),
    // A size of 0 is honest where the header as a whole counts further chunks behind the samples.
    isUnknown: (size, position) =>
      (size >= placeholderSize && size !== longSize) ||
      (size === 0 && (riffSize === 0 || riffSize >= placeholderSize || riffSize + 8 <= position)),
  };
}

/** All GUIDs but the first end alike. */
const guidTails = { riff: '2e91cf11a5d628db04c10000', other: 'f3acd3118cd100c04f8edb8a' };

function hasGuid(bytes: Uint8Array, at: number, name: string): boolean {
  const tail = Array.from(bytes.subarray(at + 4, at + 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return tagAt(bytes, at) === name && tail === (name === 'riff' ? guidTails.riff : guidTails.other);
}

function wave64(): ChunkFormat {
  const layout = new WavLayout(false);
  return {
    start: 40,
    head: 24,
    readHead(bytes) {
      const size = Number(viewOfBytes(bytes).getBigUint64(16, true));
      // The size counts the head; 0 and the largest stand where a program did not know.
      return { name: tagAt(bytes, 0), size: size >= 2 ** 62 ? Infinity : Math.max(0, size - 24) };
    },
    padding: (size) => (8 - (size % 8)) % 8,
    wanted: ['fmt '],
    readChunk: (_, bytes) => layout.read(bytes),
    samples: 'data',
    samplesOffset: () => 0,
    open: () => layout.open(),
    isUnknown: (size) => size === Infinity || size === 0,
  };
}

/** What the chunk `fmt ` says. */
class WavLayout {
  readonly #little: boolean;
  #open: (() => SampleCodec | Decoder) | undefined;

  constructor(bigEndian: boolean) {
    this.#little = !bigEndian;
  }

  open(): SampleCodec | Decoder {
    if (!this.#open) throw new FormatError('its samples come before any format is given');
    return this.#open();
  }

  read(bytes: Uint8Array): void {
    if (bytes.length < 14) throw new FormatError(`its fmt chunk has a senseless size of ${bytes.length} bytes`);
    const chunk = viewOfBytes(bytes);
    const little = this.#little;
    const given = chunk.getUint16(0, little);
    // An extensible header names the real format in the first two bytes of a GUID.
    const tag = given === extensibleTag && bytes.length >= 26 ? chunk.getUint16(24, little) : given;
    const channels = chunk.getUint16(2, little);
    const sampleRate = chunk.getUint32(4, little);
    const align = chunk.getUint16(12, little);
    const bits = bytes.length >= 16 ? chunk.getUint16(14, little) : 0;
    if (channels < 1) throw new FormatError('its header gives 0 channels');
    if (channels > mostChannels)
      throw new FormatError(`it has ${channels} channels; at most ${mostChannels} can be heard`);
    this.#open = () => codecOf({ tag, channels, sampleRate, align, bits, bigEndian: !little });
  }
}

/** The codec that a WAVEFORMATEX describes, as other containers hold it. */
export function wavCodec(description: Uint8Array): SampleCodec | Decoder {
  const layout = new WavLayout(false);
  layout.read(description);
  return layout.open();
}

interface WavCodec {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly align: number;
  readonly bits: number;
  readonly bigEndian: boolean;
}

function codecOf({ tag, channels, sampleRate, align, bits, bigEndian }: WavCodec): SampleCodec | Decoder {
  const shape = { channels, sampleRate };
  switch (tag) {
    case 1:
    case 3: {
      const width = widthOf(align / channels, bits);
      const kind = tag === 3 ? 'float' : width === 1 ? 'unsigned' : 'signed';
      return pcmCodec({ ...shape, kind, width, bits: bits || 8 * width, bigEndian });
    }
    case 2:
      if (align <= 7 * channels || channels > 2) break;
      return msAdpcmCodec({ ...shape, blockBytes: align });
    case 6:
      return pcmCodec({ ...shape, kind: 'alaw', width: 1 });
    case 7:
      return pcmCodec({ ...shape, kind: 'mulaw', width: 1 });
    case 0x11:
      if (align <= 4 * channels || bits !== 4) break;
      return imaWavCodec({ ...shape, blockBytes: align });
    case 0x31:
      if (channels > 1) break;
      return gsmCodec(sampleRate, true);
    case 0x50:
    case 0x55:
      return new MpegDecoder();
  }
  const name = tag === 2 ? 'MS ADPCM' : (tagNames[tag] ?? `tag ${tag}`);
  throw new FormatError(`its WAV format is not one that can be read (${name}, ${bits} bits)`);
}

/** Bytes of a sample: of its container where the block makes sense, else as many as its bits need. */
function widthOf(container: number, bits: number): number {
  const needed = Math.ceil(bits / 8);
  if (bits < 1 && Number.isInteger(container) && container >= 1 && container <= 8) return container;
  if (bits < 1 || bits > 64) throw new FormatError(`its header gives samples of ${bits} bits`);
  return Number.isInteger(container) && container >= needed && container <= 8 ? container : needed;
}
