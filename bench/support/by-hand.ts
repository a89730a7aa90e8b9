/**
 * The same analysis as users wire it up by hand: Meyda for the features, onnxruntime-node for the networks. Written the way
 * one would write it with care: one Meyda configuration, no copies that are not needed, networks in one tensor each.
 */
import Meyda from 'meyda';
import * as ort from 'onnxruntime-node';

/** As the rows call it, unless more threads are asked for. */
export const ortLabel = 'onnxruntime-node (cpu, 1 thread)';

const frame = 512;
const hop = 256;
const bands = 64;
const framesPerStep = 4;

/** A copy with its own settings: changing them on the shared object after the first call leaves a stale filter bank. */
const meyda = Object.assign({}, Meyda, { bufferSize: frame, sampleRate: 16000, melBands: bands }) as unknown as {
  extract(feature: 'melBands', signal: Float32Array): number[];
};

/** Log-mel of samples at int16 scale, causal as the networks were trained: [frames, 64]; whole steps only. */
export function meydaFeatures(pcm: Int16Array): Float32Array {
  const frames = Math.floor(pcm.length / hop / framesPerStep) * framesPerStep;
  const padded = new Float32Array(frame - hop + pcm.length);
  padded.set(pcm, frame - hop);
  const features = new Float32Array(frames * bands);
  for (let i = 0; i < frames; i++)
    features.set(meyda.extract('melBands', padded.subarray(i * hop, i * hop + frame)), i * bands);
  return features;
}

export interface SessionOptions {
  /** Default `cpu`. */
  readonly provider?: 'cpu' | 'webgpu';
  /** Default 1; 0 for as many as onnxruntime likes. */
  readonly threads?: number;
}

/** What stands beside the networks: weights of the first steps in a mean, and the margin below which a voice is unknown. */
export interface Decisions {
  readonly warmup: readonly number[];
  readonly unknownCutoff: number;
}

export class ByHand {
  readonly speech: ort.InferenceSession;
  readonly gender: ort.InferenceSession;

  private constructor(speech: ort.InferenceSession, gender: ort.InferenceSession) {
    this.speech = speech;
    this.gender = gender;
  }

  /** `folder` holds speech.onnx and gender.onnx. */
  static async open(folder: string, { provider = 'cpu', threads = 1 }: SessionOptions = {}): Promise<ByHand> {
    const options: ort.InferenceSession.SessionOptions = {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    };
    return new ByHand(
      await ort.InferenceSession.create(`${folder}/speech.onnx`, options),
      await ort.InferenceSession.create(`${folder}/gender.onnx`, options),
    );
  }

  /** Step probabilities of both networks, [batch, steps, labels] each, from features [batch, time, 64]. */
  async networks(features: Float32Array, batch = 1): Promise<{ speech: Float32Array; gender: Float32Array }> {
    const logmel = new ort.Tensor('float32', features, [batch, features.length / batch / bands, bands]);
    const speech = await this.speech.run({ logmel });
    const gender = await this.gender.run({ logmel });
    return { speech: speech.probabilities.data as Float32Array, gender: gender.probabilities.data as Float32Array };
  }

  /** A chunk to its answer as JSON, the same numbers as the product's with a volume threshold of 0. */
  async analyze(pcm: Int16Array, { warmup, unknownCutoff }: Decisions): Promise<string> {
    const { speech, gender } = await this.networks(meydaFeatures(pcm));
    const classes = [0, 0, 0];
    const voices = [0, 0];
    for (let step = 0; step < speech.length / 3; step++) {
      const weight = warmup[step] ?? 1;
      for (let label = 0; label < 3; label++) classes[label] += weight * speech[3 * step + label];
      for (let label = 0; label < 2; label++) voices[label] += weight * speech[3 * step + 2] * gender[2 * step + label];
    }
    const total = classes.reduce((a, b) => a + b);
    const [music, other, talk] = classes.map((sum) => sum / total) as [number, number, number];
    const [male, female] = voices.map((sum) => sum / (voices[0] + voices[1])) as [number, number];
    const best = Math.max(music, other, talk);
    const margin = Math.abs(male - female);
    const voice = margin < unknownCutoff ? 'unknown' : male > female ? 'male' : 'female';
    return JSON.stringify({
      results: {
        gender:
          best === talk
            ? { result: voice, confidence: round(margin) }
            : { result: 'no_speech', confidence: round(1 - talk) },
        speech: { result: best === talk ? 'speech' : best === music ? 'music' : 'other', confidence: round(best) },
      },
      raw: {
        gender: { male: round(male), female: round(female) },
        speech: { music: round(music), other: round(other), speech: round(talk) },
      },
    });
  }
}

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
