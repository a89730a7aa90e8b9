import { poolGeometry } from '../../../ops/pool.ts';
import type { KernelThis } from '../kernels.ts';
import type { StepMaker } from '../step.ts';
import { keepLast } from './padding.ts';

/** Channel x, frequency y, time z; rows below `first` are padding, with `time` rows in all. */
function average(this: KernelThis, input: number[], time: number, before: number): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < this.constants.kernelTime; i++) {
    const row = this.thread.z * this.constants.strideTime + i - before;
    for (let j = 0; j < this.constants.kernelFrequency; j++) {
      const column = this.thread.y * this.constants.strideFrequency + j - this.constants.low;
      if (row >= 0 && row < time && column >= 0 && column < this.constants.frequency) {
        sum += input[(row * this.constants.frequency + column) * this.constants.channels + this.thread.x];
        count += 1;
      }
    }
  }
  let divisor = count;
  if (this.constants.countPadding === 1) divisor = this.constants.kernelTime * this.constants.kernelFrequency;
  return sum / divisor;
}

function largest(this: KernelThis, input: number[], time: number, before: number): number {
  let result = -3.4028234663852886e38;
  for (let i = 0; i < this.constants.kernelTime; i++) {
    const row = this.thread.z * this.constants.strideTime + i - before;
    for (let j = 0; j < this.constants.kernelFrequency; j++) {
      const column = this.thread.y * this.constants.strideFrequency + j - this.constants.low;
      if (row >= 0 && row < time && column >= 0 && column < this.constants.frequency) {
        result = Math.max(
          result,
          input[(row * this.constants.frequency + column) * this.constants.channels + this.thread.x],
        );
      }
    }
  }
  return result;
}

export const pool: StepMaker = ({ node, kernels, batch, inputShapes, inputs, output, state: places }) => {
  const {
    kind,
    kernel: window,
    stride,
    pads,
    countPadding,
    inExtent,
    outExtent,
    channels,
  } = poolGeometry(node, inputShapes);
  const kernel = kernels.get({
    name: kind,
    body: kind === 'average' ? average : largest,
    inputs: ['Array', 'Integer', 'Integer'],
    constants: {
      kernelTime: window[0],
      kernelFrequency: window[1],
      strideTime: stride[0],
      strideFrequency: stride[1],
      low: pads[1][0],
      frequency: inExtent[1],
      channels,
      countPadding: countPadding ? 1 : 0,
    },
  });
  const size = [channels, outExtent[1], outExtent[0]] as const;
  const itemLength = inExtent[0] * inExtent[1] * channels;
  const outLength = output.length / batch;
  const history = places[0];
  const joined = new Float32Array((history?.size ?? 0) + itemLength);
  const rows = joined.length / (inExtent[1] * channels);
  // The carried rows stand in front of the input in place of the padding.
  const before = history ? 0 : pads[0][0];
  kernel.build(size, joined, rows, before);
  return (state) => {
    for (let b = 0; b < batch; b++) {
      const own = inputs[0]!.subarray(b * itemLength, (b + 1) * itemLength);
      let given = own;
      if (history) {
        joined.fill(0, 0, history.size);
        joined.set(own, history.size);
        if (state) {
          const kept = history.of(state, b);
          joined.set(kept);
          keepLast(kept, own);
        }
        given = joined;
      }
      kernel.run(output.subarray(b * outLength, (b + 1) * outLength), size, given, rows, before);
    }
  };
};
