/** One audio track of a container: packets in, samples out, whatever the codec. */
import { type AudioBlock, cut, type Decoder, FormatError, Notes, type PacketDecoder } from './decoder.ts';
import { checkChannelCount, type PacketCodec, packetsAtATime } from './packets.ts';
import type { SampleCodec } from './sample-codec.ts';

/** A codec of packets, of samples or blocks in a row, or of bytes that the decoder cuts itself. */
export type TrackCodec = PacketCodec | SampleCodec | Decoder;

const isPackets = (codec: TrackCodec): codec is PacketCodec => 'preSkip' in codec;
const isSamples = (codec: TrackCodec): codec is SampleCodec => 'blockBytes' in codec;

/** Bytes of plain samples that are decoded at a time. */
const samplesBytes = 1 << 18;

export class TrackDecoder {
  readonly #notes = new Notes();
  readonly #codec: TrackCodec;
  readonly #mostSeconds: number;
  #packets: PacketDecoder | undefined;
  #skip = 0;
  /** Samples given so far, and their shape. */
  #given = 0;
  #shape: { readonly channels: number; readonly sampleRate: number } | undefined;

  /** `seconds`: how long the track lasts; what the codec gives behind it is padding. */
  constructor(codec: TrackCodec, seconds = Infinity) {
    this.#codec = codec;
    this.#mostSeconds = seconds;
    if (isPackets(codec)) {
      checkChannelCount(codec.channels);
      this.#skip = codec.preSkip;
    }
  }

  get problems(): readonly string[] {
    if (!isPackets(this.#codec) && !isSamples(this.#codec))
      for (const problem of this.#codec.problems) this.#notes.add(problem);
    return this.#notes.list;
  }

  /** Seconds given so far. */
  get seconds(): number {
    return this.#shape ? this.#given / this.#shape.sampleRate : 0;
  }

  /** Of what was given; undefined before. */
  get shape(): { readonly channels: number; readonly sampleRate: number } | undefined {
    return this.#shape;
  }

  /** Samples in a row are whole blocks. */
  async *take(packets: readonly Uint8Array[]): AsyncGenerator<AudioBlock> {
    const codec = this.#codec;
    if (isPackets(codec)) {
      this.#packets ??= await codec.open();
      for (let i = 0; i < packets.length; i += packetsAtATime) {
        const failures = this.#packets.failures;
        const block = await this.#packets.decode(packets.slice(i, i + packetsAtATime));
        if (this.#packets.failures > failures) this.#notes.add('some of its packets are damaged');
        if (block) yield* this.#trimmed(block);
      }
      return;
    }
    for (const bytes of packets) {
      if (isSamples(codec)) yield* this.#samples(codec, bytes);
      else for await (const block of codec.decode(bytes)) yield* this.#trimmed(block);
    }
  }

  async *finish(): AsyncGenerator<AudioBlock> {
    const codec = this.#codec;
    if (!isPackets(codec) && !isSamples(codec)) for await (const block of codec.finish()) yield* this.#trimmed(block);
    if (this.#given === 0 && this.problems.length === 0) throw new FormatError('it holds no samples');
  }

  /** Packets were lost. */
  async restart(): Promise<void> {
    await this.#packets?.restart();
  }

  free(): void {
    this.#packets?.free();
    if (!isPackets(this.#codec) && !isSamples(this.#codec)) this.#codec.free();
  }

  *#samples(codec: SampleCodec, bytes: Uint8Array): Generator<AudioBlock> {
    const most = Math.max(1, Math.floor(samplesBytes / codec.blockBytes)) * codec.blockBytes;
    for (let at = 0; at < bytes.length; at += most) {
      const channels = codec.decode(bytes.subarray(at, at + most));
      if (channels[0].length > 0) yield* this.#trimmed({ channels, sampleRate: codec.sampleRate });
    }
  }

  *#trimmed(block: AudioBlock): Generator<AudioBlock> {
    const { length } = block.channels[0];
    const skipped = Math.min(this.#skip, length);
    this.#skip -= skipped;
    const left = Math.round(this.#mostSeconds * block.sampleRate) - this.#given;
    const part = cut(block, skipped, Math.min(length, skipped + Math.max(0, left)));
    if (!part) return;
    this.#given += part.channels[0].length;
    this.#shape = { channels: part.channels.length, sampleRate: part.sampleRate };
    yield part;
  }
}
