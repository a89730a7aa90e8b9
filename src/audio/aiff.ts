/** AIFF and AIFC, CAF, and Sun AU: the formats of Apple, and of workstations before. */
import { imaQuickTimeCodec } from './adpcm.ts';
import { ChunkedDecoder, type ChunkFormat } from './chunked.ts';
import { type Decoder, FormatError, tagAt, viewOfBytes } from './decoder.ts';
import { mostChannels } from './format.ts';
import { gsmCodec } from './gsm.ts';
import { pcmCodec, type SampleCodec } from './sample-codec.ts';

/** Undefined where the bytes are none of them. */
export function aiffDecoder(head: Uint8Array): Decoder | undefined {
  if (tagAt(head, 0) === 'FORM' && ['AIFF', 'AIFC'].includes(tagAt(head, 8))) return new ChunkedDecoder(aiff());
  if (tagAt(head, 0) === 'caff') return new ChunkedDecoder(caf());
  if (tagAt(head, 0) === '.snd') return new ChunkedDecoder(au());
  return undefined;
}

interface Shape {
  readonly channels: number;
  readonly sampleRate: number;
}

function checked(channels: number, sampleRate: number): Shape {
  if (channels < 1) throw new FormatError('its header gives 0 channels');
  if (channels > mostChannels)
    throw new FormatError(`it has ${channels} channels; at most ${mostChannels} can be heard`);
  return { channels, sampleRate: Math.round(sampleRate) };
}

/** What QuickTime, AIFC and CAF call codecs by four characters; undefined for one that is not of samples or blocks. */
export function appleCodec(name: string, shape: Shape, bits: number): SampleCodec | undefined {
  const width = Math.max(1, Math.ceil(bits / 8));
  const signed = (width: number, bigEndian: boolean) => pcmCodec({ ...shape, kind: 'signed', width, bits, bigEndian });
  switch (name) {
    case 'NONE':
    case 'twos':
      return signed(width, true);
    case 'sowt':
      return signed(width, false);
    case 'raw ':
      return pcmCodec({ ...shape, kind: 'unsigned', width, bigEndian: true });
    case 'in24':
      return signed(3, true);
    case 'in32':
      return signed(4, true);
    case 'fl32':
    case 'FL32':
      return pcmCodec({ ...shape, kind: 'float', width: 4, bigEndian: true });
    case 'fl64':
    case 'FL64':
      return pcmCodec({ ...shape, kind: 'float', width: 8, bigEndian: true });
    case 'ulaw':
    case 'ULAW':
      return pcmCodec({ ...shape, kind: 'mulaw', width: 1 });
    case 'alaw':
    case 'ALAW':
      return pcmCodec({ ...shape, kind: 'alaw', width: 1 });
    case 'ima4':
      return imaQuickTimeCodec(shape);
    case 'agsm':
    case 'GSM ':
      return shape.channels === 1 ? gsmCodec(shape.sampleRate, false) : undefined;
  }
  return undefined;
}

function aiff(): ChunkFormat {
  let codec: SampleCodec | undefined;
  return {
    start: 12,
    head: 8,
    readHead: (bytes) => ({ name: tagAt(bytes, 0), size: viewOfBytes(bytes).getUint32(4) }),
    padding: (size) => size % 2,
    wanted: ['COMM'],
    readChunk(_, bytes) {
      if (bytes.length < 18) throw new FormatError(`its COMM chunk has a senseless size of ${bytes.length} bytes`);
      const view = viewOfBytes(bytes);
      const shape = checked(view.getUint16(0), extended(view, 8));
      const name = bytes.length >= 22 ? tagAt(bytes, 18) : 'NONE';
      codec = appleCodec(name, shape, view.getUint16(6));
      if (!codec) throw new FormatError(`its AIFC codec is not one that can be read (${name.trim()})`);
    },
    samples: 'SSND',
    samplesOffset: (bytes) => (bytes.length < 8 ? undefined : 8 + viewOfBytes(bytes).getUint32(0)),
    open() {
      if (!codec) throw new FormatError('its samples come before any format is given');
      return codec;
    },
    isUnknown: (size) => size >= 0x7ffff000 || size === 0,
  };
}

/** An 80-bit float of the SANE, as the 68881 has it. */
function extended(view: DataView, at: number): number {
  const exponent = (view.getUint16(at) & 0x7fff) - 16383 - 31;
  return view.getUint32(at + 2) * 2 ** exponent + view.getUint32(at + 6) * 2 ** (exponent - 32);
}

function caf(): ChunkFormat {
  let codec: SampleCodec | undefined;
  return {
    start: 8,
    head: 12,
    readHead(bytes) {
      const size = viewOfBytes(bytes).getBigInt64(4);
      return { name: tagAt(bytes, 0), size: size < 0n ? Infinity : Number(size) };
    },
    padding: () => 0,
    wanted: ['desc'],
    readChunk(_, bytes) {
      if (bytes.length < 32) throw new FormatError(`its desc chunk has a senseless size of ${bytes.length} bytes`);
      const view = viewOfBytes(bytes);
      const name = tagAt(bytes, 8);
      const shape = checked(view.getUint32(24), view.getFloat64(0));
      const flags = view.getUint32(12);
      const bits = view.getUint32(28);
      const width = view.getUint32(16) / shape.channels;
      codec =
        name === 'lpcm'
          ? pcmCodec({ ...shape, kind: flags & 1 ? 'float' : 'signed', width, bits, bigEndian: (flags & 2) === 0 })
          : appleCodec(name, shape, bits);
      if (!codec) throw new FormatError(`its codec is not one that can be read in CAF (${name.trim()})`);
    },
    samples: 'data',
    // The number of edits stands before the samples.
    samplesOffset: (bytes) => (bytes.length < 4 ? undefined : 4),
    open() {
      if (!codec) throw new FormatError('its samples come before any format is given');
      return codec;
    },
    isUnknown: (size) => size === Infinity || size === 0,
  };
}

/** One header, then the samples: as one chunk whose head is the header. */
function au(): ChunkFormat {
  let offset = 0;
  let codec: SampleCodec | undefined;
  return {
    start: 0,
    head: 24,
    readHead(bytes) {
      const view = viewOfBytes(bytes);
      offset = Math.max(0, view.getUint32(4) - 24);
      codec = auCodec(view.getUint32(12), checked(view.getUint32(20), view.getUint32(16)));
      const size = view.getUint32(8);
      return { name: 'samples', size: size === 0xffffffff ? Infinity : size + offset };
    },
    padding: () => 0,
    wanted: [],
    readChunk: () => {},
    samples: 'samples',
    samplesOffset: () => offset,
    open: () => codec!,
    isUnknown: (size) => size === Infinity || size === offset,
  };
}

function auCodec(encoding: number, shape: Shape): SampleCodec {
  if (encoding === 1) return pcmCodec({ ...shape, kind: 'mulaw', width: 1 });
  if (encoding === 27) return pcmCodec({ ...shape, kind: 'alaw', width: 1 });
  if (encoding >= 2 && encoding <= 5)
    return pcmCodec({ ...shape, kind: 'signed', width: encoding - 1, bigEndian: true });
  if (encoding === 6 || encoding === 7)
    return pcmCodec({ ...shape, kind: 'float', width: encoding === 6 ? 4 : 8, bigEndian: true });
  const name = encoding >= 23 && encoding <= 26 ? 'G.72x ADPCM' : `encoding ${encoding}`;
  throw new FormatError(`its codec is not one that can be read in AU (${name})`);
}
