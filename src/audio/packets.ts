/** Decoders of single packets, by codec: for Ogg, Matroska and MP4 alike. Each library is loaded when it is needed. */
import { type AudioBlock, FormatError, type PacketDecoder, textAt, viewOfBytes } from './decoder.ts';
import { checkedInfo, GatheredFrames } from './flac.ts';
import { decodeFlacFrame, incomplete, invalid, readStreamInfo } from './flac-frame.ts';
import { mostChannels } from './format.ts';
import { quietly } from './quietly.ts';

/** What a codec's header packets say, and how to open its decoder. */
export interface PacketCodec {
  readonly name: string;
  readonly channels: number;
  readonly sampleRate: number;
  /** Samples at the start that only warm the decoder up. */
  readonly preSkip: number;
  open(): Promise<PacketDecoder>;
}

/** Packets that go to a decoder at a time: of 255 channels and 120 ms they make 47 MB. */
export const packetsAtATime = 8;

/** OpusHead (RFC 7845, 5.1). */
export function opusCodec(head: Uint8Array): PacketCodec {
  if (head.length < 19 || textAt(head, 0, 8) !== 'OpusHead' || head[8] > 15)
    throw new FormatError('its Opus header is damaged');
  const view = viewOfBytes(head);
  const channels = head[9];
  const family = head[18];
  const mapped = family !== 0;
  const damaged = channels < 1 || (mapped ? head.length < 21 + channels : channels > 2);
  if (damaged) throw new FormatError('its Opus header is damaged');
  const options = {
    sampleRate: 48000 as const,
    channels,
    streamCount: mapped ? head[19] : 1,
    coupledStreamCount: mapped ? head[20] : channels - 1,
    channelMappingTable: mapped ? head.slice(21, 21 + channels) : channels === 1 ? [0] : [0, 1],
    outputGain: view.getInt16(16, true),
  };
  return {
    name: 'Opus',
    channels,
    sampleRate: 48000,
    preSkip: view.getUint16(10, true),
    open: () => openOpus(options),
  };
}

async function openOpus(options: Parameters<OpusLibrary['configure']>[0]): Promise<PacketDecoder> {
  const { createOpusDecoder } = await import('@audio/decode-opus/core');
  const library: OpusLibrary = await createOpusDecoder();
  try {
    library.configure(options);
  } catch (error) {
    library.free();
    throw new FormatError('its Opus header is damaged', { cause: error });
  }
  let failures = 0;
  return {
    get failures() {
      return failures;
    },
    async decode(packets) {
      // An empty packet would be concealed as a lost one.
      const { channelData, samplesDecoded, errors } = library.decodeFrames(packets.filter(({ length }) => length > 0));
      failures += errors.length;
      return samplesDecoded > 0 ? { channels: channelData, sampleRate: 48000 } : undefined;
    },
    restart: async () => library.configure(options),
    free: () => library.free(),
  };
}

type OpusLibrary = Awaited<ReturnType<typeof import('@audio/decode-opus/core')['createOpusDecoder']>>;

/** The identification and the setup header (Vorbis I, 4.2). */
export function vorbisCodec(identification: Uint8Array, setup: () => Uint8Array): PacketCodec {
  if (identification.length < 30 || textAt(identification, 1, 6) !== 'vorbis')
    throw new FormatError('its Vorbis header is damaged');
  const channels = identification[11];
  const sampleRate = viewOfBytes(identification).getUint32(12, true);
  if (channels < 1 || sampleRate < 1) throw new FormatError('its Vorbis header is damaged');
  return { name: 'Vorbis', channels, sampleRate, preSkip: 0, open: () => openVorbis(identification, setup()) };
}

/** Bytes of a packet that the library has room for. */
const largestVorbisPacket = 128 * 1024;

async function openVorbis(identification: Uint8Array, setup: Uint8Array): Promise<PacketDecoder> {
  if (setup.length > largestVorbisPacket || textAt(setup, 1, 6) !== 'vorbis')
    throw new FormatError('its Vorbis setup is damaged');
  const { OggVorbisDecoder } = await import('@wasm-audio-decoders/ogg-vorbis');
  const library = new OggVorbisDecoder();
  await library.ready;
  let failures = 0;
  let started = false;
  /** The library takes what its own parser makes of an Ogg page; these are the parts that it reads. */
  const page = (data: Uint8Array, packets: readonly Uint8Array[]) =>
    ({
      data,
      codecFrames: packets.map((packet) => ({ data: packet, header: { vorbisSetup: setup } })),
      isLastPage: false,
    }) as never;
  return {
    get failures() {
      return failures;
    },
    async decode(packets) {
      const sound = packets.filter(({ length }) => length > 0 && length <= largestVorbisPacket);
      failures += packets.length - sound.length;
      if (sound.length === 0) return undefined;
      const pages = [page(noBytes, sound)];
      if (!started) pages.unshift(page(identification, []));
      started = true;
      const { channelData, samplesDecoded, sampleRate, errors } = await quietly(() => library.decodeOggPages(pages));
      failures += errors.length;
      return samplesDecoded > 0 ? { channels: channelData, sampleRate } : undefined;
    },
    async restart() {
      await library.reset();
      started = false;
    },
    free: () => library.free(),
  };
}

const noBytes = new Uint8Array(0);

/** STREAMINFO, as it stands in the first packet of Ogg, in CodecPrivate and in dfLa. */
export function flacCodec(streamInfo: Uint8Array): PacketCodec {
  const info = checkedInfo(readStreamInfo(streamInfo));
  const open = async (): Promise<PacketDecoder> => {
    let failures = 0;
    return {
      get failures() {
        return failures;
      },
      async decode(packets) {
        const gathered = new GatheredFrames();
        for (const packet of packets) {
          const frame = decodeFlacFrame(packet, 0, info);
          if (frame === incomplete || frame === invalid || frame.channels.length !== info.channels) failures++;
          else gathered.push(frame);
        }
        return [...gathered.take()][0];
      },
      restart: async () => {},
      free: () => {},
    };
  };
  return { name: 'FLAC', channels: info.channels, sampleRate: info.sampleRate, preSkip: 0, open };
}

export function checkChannelCount(channels: number): void {
  if (channels > mostChannels)
    throw new FormatError(`it has ${channels} channels; at most ${mostChannels} can be heard`);
}

/** Blocks of one shape, one behind the other. */
export function joinBlocks(blocks: readonly AudioBlock[]): AudioBlock | undefined {
  if (blocks.length < 2) return blocks[0];
  const length = blocks.reduce((sum, { channels }) => sum + channels[0].length, 0);
  const channels = blocks[0].channels.map((_, channel) => {
    const out = new Float32Array(length);
    let at = 0;
    for (const block of blocks) {
      out.set(block.channels[channel], at);
      at += block.channels[channel].length;
    }
    return out;
  });
  return { channels, sampleRate: blocks[0].sampleRate };
}
