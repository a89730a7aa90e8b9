/** What an MP4 track's sample description says: which codec, and its own header. */
import { aacCodec, type Presentation } from './aac.ts';
import { appleCodec } from './aiff.ts';
import { AmrDecoder } from './amr.ts';
import { FormatError, viewOfBytes } from './decoder.ts';
import { boxAt, boxesIn, readEsds } from './mp4-boxes.ts';
import { MpegDecoder } from './mpeg.ts';
import { flacCodec, opusCodec } from './packets.ts';
import { type PcmLayout, pcmCodec } from './sample-codec.ts';
import type { TrackCodec } from './track.ts';

const unsupported: Readonly<Record<string, string>> = {
  'ac-3': 'AC-3',
  'ec-3': 'E-AC-3',
  'ac-4': 'AC-4',
  dtsc: 'DTS',
  dtsh: 'DTS-HD',
  dtsl: 'DTS-HD',
  dtse: 'DTS Express',
  mlpa: 'Dolby TrueHD',
  QDM2: 'QDesign Music',
  QDMC: 'QDesign Music',
  Qclp: 'QCELP',
  sqcp: 'QCELP',
  sevc: 'EVRC',
  mhm1: 'MPEG-H',
  mha1: 'MPEG-H',
  MAC3: 'MACE',
  MAC6: 'MACE',
  enca: 'encrypted audio',
  drms: 'encrypted audio',
};

const objectTypes: Readonly<Record<number, string>> = {
  0xa5: 'AC-3',
  0xa6: 'E-AC-3',
  0xa9: 'DTS',
  0xdd: 'Vorbis',
  0xe1: 'QCELP',
};

interface Entry {
  readonly type: string;
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
  /** The boxes behind the fixed part, those of QuickTime's `wave` among them. */
  readonly children: Uint8Array;
  /** Of a version 2 description. */
  readonly lpcmFlags: number | undefined;
}

/** @throws FormatError that names a codec which cannot be read */
export function mp4Codec(stsd: Uint8Array, presentation: Presentation | undefined): TrackCodec {
  const [box] = boxesIn(stsd.subarray(8));
  if (!box || box.body.length < 28) throw new FormatError('its index is damaged (stsd)');
  const entry = entryOf(box.type, box.body);
  const codec = codecOf(entry, presentation);
  if (codec) return codec;
  const name = unsupported[entry.type] ?? `"${entry.type.replace(/[^\x20-\x7e]/g, '?')}"`;
  throw new FormatError(`its audio is ${name} in MP4, which cannot be read`);
}

/** AudioSampleEntry, and QuickTime's sound descriptions of version 0 to 2. */
function entryOf(type: string, body: Uint8Array): Entry {
  const view = viewOfBytes(body);
  const version = view.getUint16(8);
  const end = version === 1 ? 44 : version === 2 ? 64 : 28;
  if (body.length < end) throw new FormatError('its index is damaged (stsd)');
  const isLong = version === 2;
  const rest = body.subarray(end);
  // QuickTime keeps what describes the codec in a box of its own.
  const wave = boxAt(rest, 'wave');
  return {
    type,
    channels: isLong ? view.getUint32(40) : view.getUint16(16),
    sampleRate: isLong ? Math.round(view.getFloat64(32)) : view.getUint16(24),
    bits: isLong ? view.getUint32(48) : view.getUint16(18),
    lpcmFlags: isLong ? view.getUint32(52) : undefined,
    children: wave ?? rest,
  };
}

function codecOf(entry: Entry, presentation: Presentation | undefined): TrackCodec | undefined {
  const { type, children, channels, sampleRate, bits } = entry;
  switch (type) {
    case 'mp4a':
      return mpeg4(entry, presentation);
    case '.mp3':
    case 'ms\0U':
      return new MpegDecoder();
    case 'Opus':
      return opusCodec(opusHead(need(children, 'dOps')));
    case 'fLaC':
      return flacCodec(need(children, 'dfLa').subarray(8));
    case 'alac': {
      const alac = need(children, 'alac');
      if (alac.length < 28 || alac[4 + 9] === 0) throw new FormatError('its description of Apple Lossless is damaged');
      return aacCodec({ name: 'Apple Lossless', channels, sampleRate, config: { alac }, presentation });
    }
    case 'samr':
      return new AmrDecoder('narrow');
    case 'sawb':
      return new AmrDecoder('wide');
    case 'ipcm':
    case 'fpcm': {
      const pcm = need(children, 'pcmC');
      const kind = type === 'fpcm' ? 'float' : 'signed';
      return plain({ channels, sampleRate, kind, width: (pcm[5] ?? 16) / 8, bigEndian: ((pcm[4] ?? 0) & 1) === 0 });
    }
    case 'lpcm': {
      const flags = entry.lpcmFlags ?? 0;
      const kind = flags & 1 ? 'float' : 'signed';
      return plain({ channels, sampleRate, kind, width: Math.ceil(bits / 8), bigEndian: (flags & 2) !== 0 });
    }
  }
  if (channels < 1 || channels > 256) return undefined;
  const isLittle = boxAt(children, 'enda')?.[1] === 1;
  const name = type === 'NONE' || type === 'raw ' ? (bits > 8 ? 'twos' : 'raw ') : type;
  if (isLittle && (name === 'in24' || name === 'in32'))
    return plain({ channels, sampleRate, kind: 'signed', width: name === 'in24' ? 3 : 4 });
  if (isLittle && (name === 'fl32' || name === 'fl64'))
    return plain({ channels, sampleRate, kind: 'float', width: name === 'fl32' ? 4 : 8 });
  return appleCodec(name, { channels, sampleRate }, bits);
}

function plain(layout: PcmLayout): TrackCodec {
  if (layout.channels < 1 || layout.channels > 256) throw new FormatError('its index is damaged (stsd)');
  return pcmCodec(layout);
}

function need(children: Uint8Array, type: string): Uint8Array {
  const body = boxAt(children, type);
  if (!body) throw new FormatError(`its index is damaged (${type} is missing)`);
  return body;
}

function mpeg4({ children, channels, sampleRate }: Entry, presentation: Presentation | undefined): TrackCodec {
  const description = readEsds(need(children, 'esds'));
  if (!description) throw new FormatError('its index is damaged (esds)');
  const { objectType, config } = description;
  if (objectType === 0x69 || objectType === 0x6b) return new MpegDecoder();
  const isAac = objectType === 0x40 || (objectType >= 0x66 && objectType <= 0x68);
  if (!isAac) {
    const name = objectTypes[objectType] ?? `of object type 0x${objectType.toString(16)}`;
    throw new FormatError(`its audio is ${name} in MP4, which cannot be read`);
  }
  if (!config || config.length < 2) throw new FormatError('its index is damaged (esds has no AudioSpecificConfig)');
  return aacCodec({ name: 'AAC', channels, sampleRate, config: { asc: config.slice(0, 64) }, presentation });
}

/**
 * dOps has the fields of OpusHead, high bytes first and without the magic (Encapsulation of Opus in ISO base media,
 * 4.3.2).
 */
function opusHead(dops: Uint8Array): Uint8Array {
  if (dops.length < 11) throw new FormatError('its index is damaged (dOps)');
  const head = new Uint8Array(8 + dops.length);
  head.set(new TextEncoder().encode('OpusHead'));
  head.set(dops, 8);
  const from = viewOfBytes(dops);
  const to = viewOfBytes(head);
  head[8] = 1;
  to.setUint16(10, from.getUint16(2), true);
  to.setUint32(12, from.getUint32(4), true);
  to.setInt16(16, from.getInt16(8), true);
  return head;
}
