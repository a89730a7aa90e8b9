/**
 * ADPCM of four bits: of IMA, in WAV and in QuickTime, and of Microsoft. Sources: IMA Digital Audio Focus and Technical
 * Working Groups, Recommended Practices (1992); Microsoft, Multimedia Data Standards Update (1994); QuickTime ima4.
 */
import { viewOfBytes } from './decoder.ts';
import type { SampleCodec } from './sample-codec.ts';
import { fullScale } from './samples.ts';

interface Layout {
  readonly channels: number;
  readonly sampleRate: number;
  readonly blockBytes: number;
}

const steps = [
  ...[7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107],
  ...[
    118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963,
  ],
  ...[1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894],
  ...[6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794],
  32767,
];
const indexMoves = [-1, -1, -1, -1, 2, 4, 6, 8];

/** One channel's predictor: a code of four bits in, a sample out. */
class ImaPredictor {
  value = 0;
  index = 0;

  next(code: number): number {
    const step = steps[this.index];
    const size = (step >> 3) + (code & 4 ? step : 0) + (code & 2 ? step >> 1 : 0) + (code & 1 ? step >> 2 : 0);
    this.value = clip(this.value + (code & 8 ? -size : size));
    this.index = Math.min(88, Math.max(0, this.index + indexMoves[code & 7]));
    return this.value / fullScale;
  }
}

/** WAV, tag 0x11: each block begins anew; then eight codes a channel in turn. */
export function imaWavCodec({ channels, sampleRate, blockBytes }: Layout): SampleCodec {
  const samplesIn = (bytes: number): number => 1 + 8 * Math.max(0, Math.floor((bytes - 4 * channels) / (4 * channels)));
  return {
    channels,
    sampleRate,
    blockBytes,
    blockSamples: samplesIn(blockBytes),
    decode: (bytes) =>
      byBlocks(bytes, blockBytes, channels, samplesIn, 4 * channels, (block, view, out) => {
        out.forEach((samples, channel) => {
          const predictor = new ImaPredictor();
          predictor.value = view.getInt16(4 * channel, true);
          predictor.index = Math.min(88, block[4 * channel + 2]);
          samples[0] = predictor.value / fullScale;
          for (let i = 1; i < samples.length; i++) {
            const word = Math.floor((i - 1) / 8);
            const byte = block[4 * channels * (1 + word) + 4 * channel + (((i - 1) % 8) >> 1)];
            samples[i] = predictor.next((i - 1) % 2 === 0 ? byte & 15 : byte >> 4);
          }
        });
      }),
  };
}

/** QuickTime, AIFC and CAF, `ima4`: 34 bytes a channel for 64 samples. */
export function imaQuickTimeCodec({ channels, sampleRate }: Omit<Layout, 'blockBytes'>): SampleCodec {
  const blockBytes = 34 * channels;
  return {
    channels,
    sampleRate,
    blockBytes,
    blockSamples: 64,
    decode: (bytes) =>
      byBlocks(
        bytes.subarray(0, bytes.length - (bytes.length % blockBytes)),
        blockBytes,
        channels,
        () => 64,
        blockBytes,
        (block, view, out) => {
          out.forEach((samples, channel) => {
            const predictor = new ImaPredictor();
            const head = view.getInt16(34 * channel);
            predictor.value = head & ~127;
            predictor.index = Math.min(88, head & 127);
            for (let i = 0; i < 64; i++) {
              const byte = block[34 * channel + 2 + (i >> 1)];
              samples[i] = predictor.next(i % 2 === 0 ? byte & 15 : byte >> 4);
            }
          });
        },
      ),
  };
}

const msFactors = [230, 230, 230, 230, 307, 409, 512, 614, 768, 614, 512, 409, 307, 230, 230, 230];
const msCoefficients = [
  [256, 0],
  [512, -256],
  [0, 0],
  [192, 64],
  [240, 0],
  [460, -208],
  [392, -232],
];

/** WAV, tag 2: each block begins with a predictor's number, its step and two samples, a channel in turn. */
export function msAdpcmCodec({ channels, sampleRate, blockBytes }: Layout): SampleCodec {
  const head = 7 * channels;
  const samplesIn = (bytes: number): number => 2 + Math.floor((2 * Math.max(0, bytes - head)) / channels);
  return {
    channels,
    sampleRate,
    blockBytes,
    blockSamples: samplesIn(blockBytes),
    decode: (bytes) =>
      byBlocks(bytes, blockBytes, channels, samplesIn, head, (block, view, out) => {
        out.forEach((samples, channel) => {
          const [first, second] = msCoefficients[Math.min(6, block[channel])];
          let step = view.getInt16(channels + 2 * channel, true);
          let last = view.getInt16(3 * channels + 2 * channel, true);
          let before = view.getInt16(5 * channels + 2 * channel, true);
          samples[0] = before / fullScale;
          samples[1] = last / fullScale;
          for (let i = 2; i < samples.length; i++) {
            const nibble = (i - 2) * channels + channel;
            const byte = block[head + (nibble >> 1)];
            const code = nibble % 2 === 0 ? byte >> 4 : byte & 15;
            const value = clip(((last * first + before * second) >> 8) + (code > 7 ? code - 16 : code) * step);
            step = Math.max(16, (msFactors[code] * step) >> 8);
            before = last;
            last = value;
            samples[i] = value / fullScale;
          }
        });
      }),
  };
}

type ReadBlock = (block: Uint8Array, view: DataView, out: readonly Float32Array[]) => void;

/** Calls `read` for each block with views of the output; a last one that is short has fewer samples, or none. */
function byBlocks(
  bytes: Uint8Array,
  blockBytes: number,
  channels: number,
  samplesIn: (bytes: number) => number,
  smallest: number,
  read: ReadBlock,
): Float32Array[] {
  const rest = bytes.length % blockBytes;
  const whole = Math.floor(bytes.length / blockBytes);
  const perBlock = samplesIn(blockBytes);
  const length = whole * perBlock + (rest >= smallest ? samplesIn(rest) : 0);
  const out = Array.from({ length: channels }, () => new Float32Array(length));
  for (let at = 0, done = 0; done < length; at += blockBytes, done += perBlock) {
    const block = bytes.subarray(at, at + blockBytes);
    read(
      block,
      viewOfBytes(block),
      out.map((samples) => samples.subarray(done, done + perBlock)),
    );
  }
  return out;
}

function clip(value: number): number {
  return value > 32767 ? 32767 : value < -32768 ? -32768 : value;
}
