import { DeviceLimitError } from '../../../errors.ts';
import { type FrameGeometry, filterBank, hannWindow } from '../../../features/definition.ts';
import { logMelGeometry } from '../../../ops/logmel.ts';
import { type Builder, floorPower, spread } from './common.ts';

/**
 * One workgroup a frame; a quarter of the complex points each pass, so an invocation makes one butterfly of radix 4.
 */
export const logmel: Builder = ({ planned: { node, inputShapes, outputShapes, state }, lowering, limits }) => {
  const geometry = logMelGeometry(node);
  const { frame, hop, bands } = geometry;
  const [batch, samples] = inputShapes[0];
  const frames = outputShapes[0][1];
  // Complex points twice and their powers.
  const memory = 8 * frame + 2 * frame;
  if (memory > limits.maxComputeWorkgroupStorageSize)
    throw new DeviceLimitError('maxComputeWorkgroupStorageSize', memory, limits.maxComputeWorkgroupStorageSize);
  const pcm = lowering.operand(node.inputs[0]);
  const [y] = node.outputs;
  const bank = filterBank(geometry);
  const tables = lowering.weights(`${node.outputs[0]}: tables`, 3 * frame + 3 * bands + bank.weights.length, () =>
    packTables(geometry),
  );
  const constants = {
    FRAME: frame,
    HOP: hop,
    BANDS: bands,
    INT16: lowering.isPacked(pcm) ? 1 : 0,
    LANES: Math.min(floorPower(limits.maxComputeInvocationsPerWorkgroup), Math.max(1, frame / 8)),
  };
  lowering.step({
    node: node.name,
    kernel: { file: 'logmel.wgsl', entry: 'main', constants },
    grid: spread(batch * frames, limits),
    reads: [pcm],
    writes: [y],
    params: (places) => ({
      pcm: places.value(pcm),
      y: places.value(y),
      tables: places.weights(tables),
      batch,
      samples,
      frames,
      stateIn: places.stateIn(state[0]?.offset ?? 0),
      stateOut: places.stateOut(state[0]?.offset ?? 0),
      stateLength: places.stateLength,
      streaming: state[0] ? places.streaming : 0,
    }),
  });
};

/** As logmel.wgsl reads them: window, turns exp(-2 pi i m / frame), bands, the bands' weights. */
function packTables(geometry: FrameGeometry): Float32Array {
  const { frame, bands } = geometry;
  const { starts, lengths, offsets, weights } = filterBank(geometry);
  const packed = new Float32Array(3 * frame + 3 * bands + weights.length);
  packed.set(hannWindow(frame));
  for (let m = 0; m < frame; m++) {
    packed[frame + 2 * m] = Math.cos((2 * Math.PI * m) / frame);
    packed[frame + 2 * m + 1] = -Math.sin((2 * Math.PI * m) / frame);
  }
  for (let band = 0; band < bands; band++)
    packed.set([starts[band], lengths[band], offsets[band]], 3 * frame + 3 * band);
  packed.set(weights, 3 * frame + 3 * bands);
  return packed;
}
