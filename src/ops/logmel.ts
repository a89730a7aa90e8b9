import { ShapeError } from '../errors.ts';
import { type FrameGeometry, frameStart, logMelFrame } from '../features/definition.ts';
import type { GraphNode } from '../graph/graph.ts';
import { zeros } from '../graph/tensor.ts';
import { numberAttribute, type Op } from './op.ts';

export function logMelGeometry(node: GraphNode): FrameGeometry {
  return {
    frame: numberAttribute(node, 'frame', 512),
    hop: numberAttribute(node, 'hop', 256),
    bands: numberAttribute(node, 'bands', 64),
    sampleRate: numberAttribute(node, 'sampleRate', 16000),
  };
}

/**
 * Log-mel energies of audio: pcm int16 [batch, samples] to [batch, samples / hop, bands]. Frame j ends with sample
 * (j + 1) hop, so nothing is looked ahead; the frame - hop samples before it are carried along a stream. The formula
 * stands in src/features/definition.ts.
 */
export const logmel: Op = {
  name: 'logmel',
  infer(node, [pcm]) {
    const { hop, bands } = logMelGeometry(node);
    if (pcm.length !== 2 || pcm[1] % hop !== 0)
      throw new ShapeError(node, [pcm], `pcm must be [batch, samples] with whole hops of ${hop} samples`);
    return [[pcm[0], pcm[1] / hop, bands]];
  },
  state(node) {
    const { frame, hop } = logMelGeometry(node);
    return [[frame - hop]];
  },
  compute(node, [pcm], state) {
    const geometry = logMelGeometry(node);
    const [batch, samples] = pcm.shape as [number, number];
    const kept = geometry.frame - geometry.hop;
    const frames = samples / geometry.hop;
    const y = zeros([batch, frames, geometry.bands]);
    for (let b = 0; b < batch; b++) {
      const joined = new Float32Array(kept + samples);
      const history = state[0]?.data.subarray(b * kept, (b + 1) * kept);
      if (history) joined.set(history);
      joined.set(pcm.data.subarray(b * samples, (b + 1) * samples), kept);
      history?.set(joined.subarray(samples));
      for (let j = 0; j < frames; j++) {
        const start = kept + frameStart(j, geometry);
        y.data.set(
          logMelFrame(joined.subarray(start, start + geometry.frame), geometry),
          (b * frames + j) * geometry.bands,
        );
      }
    }
    return [y];
  },
  multiplyAdds(node, [pcm]) {
    // A real FFT takes about 2.5 n log2 n operations of which half are multiplications; the mel triangles overlap by
    // half.
    const { frame, hop } = logMelGeometry(node);
    return Math.round(((pcm[0] * pcm[1]) / hop) * (1.25 * frame * Math.log2(frame) + 2 * frame));
  },
};
