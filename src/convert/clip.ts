import { decodeFile } from '../audio/decode.ts';
import { resample } from '../audio/pcm.ts';
import { floatsOf } from '../audio/samples.ts';

/**
 * The first seconds of an audio file as 16 kHz mono in [-1, 1], the mean of its channels, by the product's own decoder
 * and resampler. int16 at 16 kHz comes out as it stands in the file. No more of the file is read than is needed.
 */
export async function readClip(path: string, seconds: number): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  let length = 0;
  let rate = 16000;
  for await (const { channels, sampleRate } of decodeFile(path)) {
    rate = sampleRate;
    parts.push(mean(channels.map(floatsOf)));
    length += channels[0].length;
    if (length >= seconds * rate) break;
  }
  const whole = new Float32Array(length);
  for (let at = 0; parts.length > 0; ) {
    const part = parts.shift()!;
    whole.set(part, at);
    at += part.length;
  }
  const pcm = await resample(whole.subarray(0, Math.ceil(seconds * rate)), rate);
  return Float32Array.from(pcm, (sample) => sample / 32768);
}

function mean(channels: readonly Float32Array[]): Float32Array {
  if (channels.length === 1) return channels[0];
  return Float32Array.from(
    channels[0],
    (_, i) => channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length,
  );
}
