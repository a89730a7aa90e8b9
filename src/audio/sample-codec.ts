/**
 * Samples as they stand in files without further compression, in blocks of equal size: PCM of every depth, floats, the
 * laws of G.711. The codecs of the ADPCM family and GSM have the same form.
 *
 * Own code because 16-bit samples must come out as they went in; the decoders at hand divide positive samples by 32767.
 */
import { FormatError, viewOfBytes } from './decoder.ts';
import { aLaw, muLaw } from './g711.ts';
import { fullScale, pickChannel, type Samples, samplesOfBytes } from './samples.ts';

/** Decodes blocks one by one, whatever was before. */
export interface SampleCodec {
  readonly channels: number;
  readonly sampleRate: number;
  /** Bytes of a block, and samples a channel in it. */
  readonly blockBytes: number;
  readonly blockSamples: number;
  /** Whole blocks, and a last one that is short where the codec can do with it; one array a channel. */
  decode(blocks: Uint8Array): Samples[];
  /** Of codecs that carry a state: forgets it. */
  reset?(): void;
}

export interface PcmLayout {
  readonly channels: number;
  readonly sampleRate: number;
  readonly kind: 'signed' | 'unsigned' | 'float' | 'mulaw' | 'alaw';
  /** Bytes of a sample of one channel, and its bits; they stand in the high bits unless that leaves next to nothing. */
  readonly width: number;
  readonly bits?: number;
  readonly bigEndian?: boolean;
}

type Reader = (view: DataView, at: number) => number;

export function pcmCodec(layout: PcmLayout): SampleCodec {
  const { channels, sampleRate, width, kind, bigEndian = false } = layout;
  const blockBytes = channels * width;
  const spare = kind === 'signed' ? width - Math.ceil((layout.bits ?? 8 * width) / 8) : 0;
  const isInt16 = kind === 'signed' && width === 2 && !bigEndian;
  const read = isInt16 ? undefined : readerOf(kind, width, !bigEndian);
  let scale: number | undefined = spare > 0 ? undefined : 1;
  return {
    channels,
    sampleRate,
    blockBytes,
    blockSamples: 1,
    decode(bytes) {
      const frames = Math.floor(bytes.length / blockBytes);
      if (isInt16) {
        const samples = samplesOfBytes(bytes.subarray(0, frames * blockBytes)).samples;
        return Array.from({ length: channels }, (_, channel) => pickChannel(samples, channels, channel));
      }
      const out = Array.from({ length: channels }, () => new Float32Array(frames));
      const view = viewOfBytes(bytes);
      out.forEach((samples, channel) => {
        for (let i = 0, at = channel * width; i < frames; i++, at += blockBytes) samples[i] = read!(view, at);
      });
      scale ??= scaleOf(out, spare);
      if (scale !== undefined && scale !== 1)
        for (const samples of out) for (let i = 0; i < frames; i++) samples[i] *= scale;
      return out;
    },
  };
}

/**
 * Samples in the low bits of their container fill at most 1 / 256 of it for every byte to spare; silence does not tell.
 */
function scaleOf(channels: readonly Float32Array[], spare: number): number | undefined {
  let peak = 0;
  for (const samples of channels) for (const value of samples) if (Math.abs(value) > peak) peak = Math.abs(value);
  if (peak === 0) return undefined;
  return peak <= 256 ** -spare ? 256 ** spare : 1;
}

function readerOf(kind: PcmLayout['kind'], width: number, little: boolean): Reader {
  const table = kind === 'mulaw' ? muLaw : kind === 'alaw' ? aLaw : undefined;
  if (table) return (view, at) => table[view.getUint8(at)] / fullScale;
  if (kind === 'float') {
    if (width === 4) return (view, at) => view.getFloat32(at, little);
    if (width === 8) return (view, at) => view.getFloat64(at, little);
    throw new FormatError(`it has floats of ${8 * width} bits, which cannot be read (32 and 64 can)`);
  }
  const signed = signedReader(width, little);
  return kind === 'signed' ? signed : unsignedReader(width, little);
}

function signedReader(width: number, little: boolean): Reader {
  switch (width) {
    case 1:
      return (view, at) => view.getInt8(at) / 2 ** 7;
    case 2:
      return (view, at) => view.getInt16(at, little) / 2 ** 15;
    case 3:
      return little
        ? (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 65536) / 2 ** 23
        : (view, at) => (view.getInt16(at) * 256 + view.getUint8(at + 2)) / 2 ** 23;
    case 4:
      return (view, at) => view.getInt32(at, little) / 2 ** 31;
    case 8:
      return (view, at) => Number(view.getBigInt64(at, little)) / 2 ** 63;
    default: {
      // The high four bytes say enough.
      const high = little ? width - 4 : 0;
      if (width < 5 || width > 8) throw new FormatError(`it has samples of ${width} bytes, which cannot be read`);
      return (view, at) => view.getInt32(at + high, little) / 2 ** 31;
    }
  }
}

function unsignedReader(width: number, little: boolean): Reader {
  if (width === 1) return (view, at) => (view.getUint8(at) - 128) / 128;
  if (width === 2) return (view, at) => (view.getUint16(at, little) - 32768) / 32768;
  throw new FormatError(`it has unsigned samples of ${width} bytes, which cannot be read`);
}
