/** Writes WAV files of every kind for tests, with headers as broken as a test wants them. */
import type { AudioBlock } from '../../src/audio/decode.ts';
import { floatsOf } from '../../src/audio/samples.ts';
export interface WavOptions {
  readonly sampleRate?: number;
  readonly bits?: 8 | 16 | 24 | 32 | 64;
  readonly float?: boolean;
  readonly law?: 'a' | 'mu';
  readonly extensible?: boolean;
  /** What the header says in place of the true sizes. */
  readonly riffSize?: number;
  readonly dataSize?: number;
  readonly rf64?: boolean;
  /** Chunks before and after the data: name and size. */
  readonly before?: readonly (readonly [string, number])[];
  readonly after?: readonly (readonly [string, number])[];
}

/** Channels in [-1, 1] as the bytes of a file. With `law` the samples are codes, put in as value x 128 (8 bits). */
export function wavBytes(channels: readonly ArrayLike<number>[], options: WavOptions = {}): Uint8Array {
  const { sampleRate = 16000, bits = 16, float = false, law, extensible = false, before = [], after = [] } = options;
  const width = bits / 8;
  const frames = channels[0].length;
  const samples = new Uint8Array(frames * channels.length * width);
  const view = new DataView(samples.buffer);
  for (let i = 0, at = 0; i < frames; i++) {
    for (const channel of channels) {
      writeSample(view, at, channel[i], bits, float);
      at += width;
    }
  }
  const tag = law ? (law === 'a' ? 6 : 7) : float ? 3 : 1;
  const format = new Uint8Array(extensible ? 40 : 16);
  const header = new DataView(format.buffer);
  header.setUint16(0, extensible ? 0xfffe : tag, true);
  header.setUint16(2, channels.length, true);
  header.setUint32(4, sampleRate, true);
  header.setUint32(8, sampleRate * channels.length * width, true);
  header.setUint16(12, channels.length * width, true);
  header.setUint16(14, bits, true);
  if (extensible) {
    header.setUint16(16, 22, true);
    header.setUint16(18, bits, true);
    header.setUint16(24, tag, true);
  }
  const ds64 = new Uint8Array(28);
  new DataView(ds64.buffer).setBigUint64(8, BigInt(samples.length), true);
  const chunks = [
    ...(options.rf64 ? [chunk('ds64', ds64)] : []),
    ...before.map(([name, size]) => chunk(name, new Uint8Array(size))),
    chunk('fmt ', format),
    chunk('data', samples, options.rf64 ? 0xffffffff : options.dataSize),
    ...after.map(([name, size]) => chunk(name, new Uint8Array(size).fill(0x55))),
  ];
  const body = Buffer.concat([Buffer.from('WAVE'), ...chunks]);
  const riff = Buffer.alloc(8);
  riff.write(options.rf64 ? 'RF64' : 'RIFF');
  riff.writeUInt32LE(options.rf64 ? 0xffffffff : (options.riffSize ?? body.length), 4);
  return new Uint8Array(Buffer.concat([riff, body]));
}

function chunk(name: string, body: Uint8Array, size = body.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(name);
  head.writeUInt32LE(size, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

function writeSample(view: DataView, at: number, value: number, bits: number, float: boolean): void {
  const integer = Math.max(-(2 ** (bits - 1)), Math.min(2 ** (bits - 1) - 1, Math.round(value * 2 ** (bits - 1))));
  if (float) return bits === 64 ? view.setFloat64(at, value, true) : view.setFloat32(at, value, true);
  if (bits === 8) return view.setUint8(at, integer + 128);
  if (bits === 16) return view.setInt16(at, integer, true);
  if (bits === 32) return view.setInt32(at, integer, true);
  view.setUint8(at, integer & 255);
  view.setInt16(at + 1, integer >> 8, true);
}

/** All of a decoder's blocks, one array a channel. */
export async function collect(
  blocks: AsyncIterable<AudioBlock>,
): Promise<{ channels: Float32Array[]; sampleRate: number; blocks: number }> {
  const parts: (readonly Float32Array[])[] = [];
  let rate = 0;
  for await (const { channels, sampleRate } of blocks) {
    parts.push(channels.map(floatsOf));
    rate = sampleRate;
  }
  const channels = (parts[0] ?? []).map((_, channel) =>
    Float32Array.from(parts.flatMap((part) => Array.from(part[channel]))),
  );
  return { channels, sampleRate: rate, blocks: parts.length };
}
