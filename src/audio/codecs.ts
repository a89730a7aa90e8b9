/** Tells what a file is by its bytes, never by its name, and opens what decodes it. */
import { aiffDecoder } from './aiff.ts';
import { amrDecoder } from './amr.ts';
import { ByteReader } from './byte-reader.ts';
import { type AudioBlock, type Decoder, FormatError, tagAt, textAt } from './decoder.ts';
import { FlacDecoder } from './flac.ts';
import { isMatroska, MatroskaDecoder } from './matroska.ts';
import { isMp4, Mp4Audio } from './mp4.ts';
import { MpegDecoder } from './mpeg.ts';
import { findFrames, id3Length } from './mpeg-frames.ts';
import { OggDecoder } from './ogg.ts';
import { wavDecoder } from './wav.ts';

export interface OpenedAudio {
  /** Damage met so far, and what is odd but harms nothing: clauses that fit behind the file's name. */
  readonly problems: readonly string[];
  readonly warnings?: readonly string[] | undefined;
  /** The audio, front to back; undefined in between, so that the reader of long and empty parts has its turn. */
  blocks(): AsyncIterable<AudioBlock | undefined>;
  free(): void;
}

/** Compressed bytes that go to a decoder at a time: a minute of speech at most, so that memory stays bounded. */
const compressedBlock = 1 << 14;
const plainBlock = 1 << 18;
/** How far in MPEG audio may begin: what stands before is a rest of a frame, zeros, or a tag that is not told. */
const searched = 1 << 16;
const mostTags = 16;
/** An MP4 file's index may stand at its end, so what cannot seek is kept whole; an hour of 128 kbit/s. */
const largestKept = 64 << 20;

const unsupported: readonly (readonly [number, string, string])[] = [
  [0, '\x30\x26\xb2\x75', 'Windows Media (ASF, WMA)'],
  [0, 'MAC ', "Monkey's Audio"],
  [0, 'wvpk', 'WavPack'],
  [0, 'TTA1', 'True Audio'],
  [0, 'ADIF', 'AAC in ADIF'],
  [0, 'DSD ', 'DSD'],
  [0, 'FRM8', 'DSD'],
  [0, 'MThd', 'MIDI'],
  [0, 'MPCK', 'Musepack'],
  [0, 'MP+', 'Musepack'],
  [0, '.RMF', 'RealMedia'],
  [0, 'FLV\x01', 'Flash video'],
  [8, 'AVI ', 'AVI'],
  [0, 'NIST_1A', 'NIST SPHERE'],
  [0, 'Creative Voice File', 'Creative Voice'],
  [0, '\x0b\x77', 'AC-3'],
  [0, '#!SILK', 'SILK'],
  [0, '\x02#!SILK', 'SILK'],
];

/**
 * What kind of file begins with these bytes, 64 or more of them; undefined for what may be raw samples. MPEG audio is
 * told by two frames that follow each other at the very start, so its first kilobytes are needed.
 */
export function fileKind(head: Uint8Array): string | undefined {
  const magic = tagAt(head, 0);
  if (['RIFF', 'RIFX', 'RF64', 'BW64', 'riff'].includes(magic)) return wavDecoder(head) && 'WAV';
  if (aiffDecoder(head)) return { FORM: 'AIFF', caff: 'CAF', '.snd': 'AU' }[magic];
  if (magic === 'fLaC') return 'FLAC';
  if (magic === 'OggS') return 'Ogg';
  if (isMatroska(head)) return 'WebM';
  if (isMp4(head)) return 'MP4';
  if (textAt(head, 0, 5) === '#!AMR') return 'AMR';
  if (id3Length(head) > 0) return 'MP3';
  const frame = findFrames(head, 0, false);
  if (frame?.at === 0) return frame.frame.kind === 'adts' ? 'AAC' : 'MP3';
  return unsupported.find(([at, text]) => text.length > 3 && textAt(head, at, text.length) === text)?.[2];
}

export async function openAudio(reader: ByteReader): Promise<OpenedAudio> {
  if ((await reader.peek(1)).length === 0) throw new FormatError('it is empty');
  const tagged = await dropTags(reader);
  const head = await reader.peek(64);
  const plain = wavDecoder(head) ?? aiffDecoder(head);
  if (plain) return streamed(plain, reader, plainBlock);
  if (tagAt(head, 0) === 'fLaC') return streamed(new FlacDecoder(), reader);
  if (tagAt(head, 0) === 'OggS') return streamed(new OggDecoder(), reader);
  if (isMatroska(head)) return streamed(new MatroskaDecoder(), reader);
  if (isMp4(head)) return new Mp4Audio(reader.canSeek ? reader : await kept(reader));
  const amr = amrDecoder(head);
  if (amr) {
    await reader.drop(amr.magic);
    return streamed(amr.decoder, reader, 1 << 11);
  }
  return openMpeg(reader, head, tagged);
}

async function openMpeg(reader: ByteReader, head: Uint8Array, tagged: boolean): Promise<OpenedAudio> {
  const known = unsupported.find(([at, magic]) => textAt(head, at, magic.length) === magic);
  const start = await reader.peek(searched);
  const found = findFrames(start, 0, start.length < searched);
  if (found && (found.at === 0 || !known)) {
    await reader.drop(found.at);
    const size = reader.size === undefined ? undefined : reader.size - reader.position;
    return streamed(new MpegDecoder(size), reader);
  }
  if (known) throw new FormatError(`it is ${known[2]}, which cannot be read`);
  if (tagged) throw new FormatError('no audio could be read behind its ID3 tag: it is damaged or cut off');
  throw new FormatError(
    'it is no audio of a kind that can be read (WAV, FLAC, MP3, Ogg, Opus, M4A, WebM, AIFF, CAF, AU, AMR)',
  );
}

/** ID3 tags before the audio, whatever it is, and the zeros that fill them up. */
async function dropTags(reader: ByteReader): Promise<boolean> {
  let tagged = false;
  for (let i = 0; i < mostTags; i++) {
    const length = id3Length(await reader.peek(10));
    if (length === 0) break;
    tagged = true;
    await reader.drop(length);
  }
  if (tagged) {
    const filling = await reader.peek(searched);
    const zeros = filling.findIndex((byte) => byte !== 0);
    if (zeros > 0 && id3Length(filling.subarray(zeros)) + zeros > 0) await reader.drop(zeros);
  }
  return tagged;
}

function streamed(decoder: Decoder, reader: ByteReader, blockSize = compressedBlock): OpenedAudio {
  return {
    get problems() {
      return decoder.problems;
    },
    get warnings() {
      return decoder.warnings;
    },
    async *blocks() {
      for await (const bytes of reader.blocks(blockSize)) {
        yield* decoder.decode(bytes);
        yield undefined;
      }
      yield* decoder.finish();
    },
    free: () => decoder.free(),
  };
}

/** All of a source that cannot seek, in memory. */
async function kept(reader: ByteReader): Promise<ByteReader> {
  const bytes = await reader.peek(largestKept + 1);
  if (bytes.length > largestKept)
    throw new FormatError('it is an MP4 file of more than 64 MB, which cannot be read from a pipe or stream');
  return ByteReader.open(bytes);
}
