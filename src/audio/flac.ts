/** FLAC as a file of its own: metadata, then frames one behind the other (RFC 9639, chapter 8). */
import { type AudioBlock, type Decoder, FormatError, join, Notes } from './decoder.ts';
import { decodeFlacFrame, type FlacFrame, incomplete, invalid, readStreamInfo, type StreamInfo } from './flac-frame.ts';
import { mostChannels } from './format.ts';

/** Samples a channel that a block gathers. */
const blockSamples = 1 << 15;
/** Bytes behind which an unknown frame must end; twice the largest that 16 bits and two channels make. */
const bytesOfLargest = (info: StreamInfo): number =>
  Math.ceil(((info.largestBlock || 65535) * info.channels * (info.bits + 1)) / 8) + 1024;

export class FlacDecoder implements Decoder {
  readonly #notes = new Notes();
  #bytes: Uint8Array = new Uint8Array(0);
  #part: 'magic' | 'metadata' | 'skip' | 'frames' | 'end' = 'magic';
  #skip = 0;
  #lastMetadata = false;
  #info: StreamInfo | undefined;
  #samples = 0;
  readonly #gathered = new GatheredFrames();

  get problems(): readonly string[] {
    return this.#notes.list;
  }

  *decode(bytes: Uint8Array): Generator<AudioBlock> {
    this.#bytes = join(this.#bytes, bytes);
    while (this.#readHeader());
    if (this.#part === 'frames') yield* this.#readFrames(bytesOfLargest(this.#info!));
  }

  *finish(): Generator<AudioBlock> {
    if (this.#part !== 'frames' && this.#part !== 'end') throw new FormatError('it is cut off before its audio begins');
    if (this.#part === 'frames') yield* this.#readFrames(0);
    const { length } = this.#info!;
    if (length > 0 && this.#samples < length)
      this.#notes.add(`it is damaged or cut off: ${this.#samples} of its ${length} samples could be read`);
  }

  free(): void {
    this.#bytes = new Uint8Array(0);
  }

  /** Takes one piece of metadata off the front; false when there is none, or more bytes are needed. */
  #readHeader(): boolean {
    const bytes = this.#bytes;
    if (this.#part === 'magic') {
      if (bytes.length < 4) return false;
      this.#part = 'metadata';
      return this.#take(4);
    }
    if (this.#part === 'skip') {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      this.#take(skipped);
      if (this.#skip > 0) return false;
      this.#part = this.#lastMetadata ? 'frames' : 'metadata';
      if (this.#part === 'frames' && !this.#info) throw new FormatError('its description (STREAMINFO) is missing');
      return this.#part === 'metadata';
    }
    if (this.#part !== 'metadata' || bytes.length < 4) return false;
    const type = bytes[0] & 127;
    const size = (bytes[1] << 16) | (bytes[2] << 8) | bytes[3];
    if (type === 0) {
      if (bytes.length < 4 + size) return false;
      this.#info = checkedInfo(readStreamInfo(bytes.subarray(4, 4 + size)));
    }
    if (type === 127) throw new FormatError('its metadata is damaged');
    this.#lastMetadata = bytes[0] > 127;
    this.#skip = size;
    this.#part = 'skip';
    return this.#take(4);
  }

  /** Reads frames while more than `reserve` bytes are there, so that each is whole. */
  *#readFrames(reserve: number): Generator<AudioBlock> {
    const info = this.#info!;
    let at = 0;
    while (this.#bytes.length - at > reserve) {
      if (info.length > 0 && this.#samples >= info.length) {
        this.#part = 'end';
        break;
      }
      const frame = decodeFlacFrame(this.#bytes, at, info);
      if (frame === incomplete || frame === invalid) {
        const next = nextSync(this.#bytes, at + 1);
        // Where the length is not known, what follows the last frame is a tag.
        const isTail = reserve === 0 && info.length === 0 && this.#samples > 0 && next === this.#bytes.length;
        if (!isTail)
          this.#notes.add(frame === incomplete ? 'it is cut off within a frame' : 'some of its frames are damaged');
        at = next;
        continue;
      }
      at = frame.end;
      this.#add(frame, info);
      if (this.#gathered.samples >= blockSamples) yield* this.#gathered.take();
    }
    this.#bytes = this.#bytes.subarray(this.#part === 'end' ? this.#bytes.length : at);
    yield* this.#gathered.take();
  }

  #add(frame: FlacFrame, info: StreamInfo): void {
    if (frame.channels.length !== info.channels || frame.sampleRate !== info.sampleRate) {
      this.#notes.add('a frame has another rate or number of channels than the file');
      return;
    }
    this.#samples += frame.channels[0].length;
    this.#gathered.push(frame);
  }

  #take(count: number): true {
    this.#bytes = this.#bytes.subarray(count);
    return true;
  }
}

export function checkedInfo(info: StreamInfo | undefined): StreamInfo {
  if (!info || info.sampleRate === 0 || info.channels > mostChannels || info.bits < 4)
    throw new FormatError('its description (STREAMINFO) is damaged');
  return info;
}

/** Frames, as a block of floats in [-1, 1]. */
export class GatheredFrames {
  #frames: FlacFrame[] = [];
  samples = 0;

  push(frame: FlacFrame): void {
    this.#frames.push(frame);
    this.samples += frame.channels[0].length;
  }

  *take(): Generator<AudioBlock> {
    if (this.samples === 0) return;
    const { sampleRate, channels: first } = this.#frames[0];
    const channels = first.map((_, channel) => {
      const out = new Float32Array(this.samples);
      let at = 0;
      for (const { channels, bits } of this.#frames) {
        const samples = channels[channel];
        const scale = 2 ** (1 - bits);
        for (let i = 0; i < samples.length; i++) out[at++] = samples[i] * scale;
      }
      return out;
    });
    this.#frames = [];
    this.samples = 0;
    yield { channels, sampleRate };
  }
}

/** Where the next two bytes are that may begin a frame; the end where there are none. */
function nextSync(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && !(bytes[at] === 0xff && (at + 1 === bytes.length || (bytes[at + 1] & 0xfe) === 0xf8)))
    at++;
  return at;
}
