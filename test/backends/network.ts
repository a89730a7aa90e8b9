/** A network of the shape the models have, with random weights, for tests and timing of backends. */
import type { Attributes, Graph, GraphNode } from '../../src/graph/graph.ts';
import { type Shape, sizeOf, type Tensor } from '../../src/graph/tensor.ts';
import { seeded } from '../support/random.ts';

/** [channels, kernel over time, kernel over mel, stride over time]; the stride over mel is 2. */
const front = [
  [16, 5, 5, 2],
  [32, 3, 3, 2],
  [48, 3, 3, 1],
] as const;
const width = 96;
const dilations = [1, 2, 4, 8];

/** Audio [batch, samples] to probabilities [batch, samples / 1024, classes]; `branches` networks share the features. */
export function network(classes: readonly number[], seed = 'network'): Graph {
  const nodes: GraphNode[] = [];
  const constants = new Map<string, Tensor>();
  const random = seeded(seed);
  const weights = (name: string, shape: Shape): string => {
    const scale = Math.sqrt(2 / sizeOf(shape.slice(0, -1)));
    constants.set(name, { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal() * scale) });
    return name;
  };
  const add = (op: string, inputs: string[], output: string, attributes: Attributes = {}): string => {
    nodes.push({ name: output, op, inputs, outputs: [output], attributes });
    return output;
  };
  const features = add('logmel', ['pcm'], 'features', { frame: 512, hop: 256, bands: 64, sampleRate: 16000 });
  const outputs = classes.map((count, branch) => {
    const conv = (name: string, x: string, shape: Shape, attributes: Attributes): string =>
      add(
        'conv',
        [x, weights(`${branch}.${name}.w`, shape), weights(`${branch}.${name}.b`, [shape.at(-1)!])],
        `${branch}.${name}`,
        { activation: 'relu', ...attributes },
      );
    let x = add('reshape', [features], `${branch}.image`, { shape: [0, 0, -1, 1] });
    let [channels, bands] = [1, 64];
    front.forEach(([out, time, mel, stride], i) => {
      const half = (mel - 1) / 2;
      x = conv(`front${i}`, x, [time, mel, channels, out], {
        strides: [stride, 2],
        pads: [time - stride, 0, half, half],
      });
      [channels, bands] = [out, bands / 2];
    });
    x = conv('gather', x, [1, bands, channels, width], {});
    x = add('reshape', [x], `${branch}.steps`, { shape: [0, 0, -1] });
    for (const dilation of dilations) {
      const y = conv(`dilated${dilation}`, x, [3, width, width], { dilations: [dilation], pads: [2 * dilation, 0] });
      x = add('binary', [x, y], `${branch}.sum${dilation}`, { kind: 'add' });
    }
    const gates = 3 * width;
    x = add(
      'gru',
      [
        x,
        weights(`${branch}.W`, [width, gates]),
        weights(`${branch}.R`, [width, gates]),
        weights(`${branch}.bW`, [gates]),
        weights(`${branch}.bR`, [gates]),
      ],
      `${branch}.gru`,
    );
    x = add(
      'dense',
      [x, weights(`${branch}.dense.w`, [width, count]), weights(`${branch}.dense.b`, [count])],
      `${branch}.logits`,
    );
    return add('softmax', [x], `${branch}.probabilities`);
  });
  return { inputs: [{ name: 'pcm', shape: ['batch', 'samples'], type: 'int16' }], nodes, constants, outputs };
}

/** Noise that comes and goes, int16 [length]. */
export function noise(length: number, seed = 'noise'): Int16Array {
  const random = seeded(seed);
  return Int16Array.from({ length }, (_, i) => random.normal() * 3000 * (1 + Math.sin(i / 5000)));
}
