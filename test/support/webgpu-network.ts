/** A network of the shape the models have, with random weights: log-mel, convolutions over time and mel, residual dilated ones, GRU, softmax. */
import type { Attributes, Graph, GraphNode } from '../../src/graph/graph.ts';
import { type Shape, sizeOf, type Tensor } from '../../src/graph/tensor.ts';
import { seeded } from './random.ts';

/** From pcm [batch, samples] to one output for each list of classes, the features being computed once. */
export function networkOf(classes: readonly number[], { width = 32, hidden = 24 } = {}): Graph {
  const random = seeded('network');
  const nodes: GraphNode[] = [];
  const constants = new Map<string, Tensor>();
  const outputs: string[] = [];
  const add = (
    op: string,
    name: string,
    inputs: readonly string[],
    shapes: readonly Shape[] = [],
    attributes: Attributes = {},
  ): string => {
    const weights = shapes.map((shape, i) => {
      const fanIn = shape.length > 1 ? sizeOf(shape.slice(0, -1)) : 4;
      constants.set(`${name}.${i}`, {
        shape,
        data: Float32Array.from({ length: sizeOf(shape) }, () => (random.normal() * 1.4) / Math.sqrt(fanIn)),
      });
      return `${name}.${i}`;
    });
    nodes.push({ name, op, inputs: [...inputs, ...weights], outputs: [name], attributes });
    return name;
  };
  const relu = { activation: 'relu' };
  add('logmel', 'features', ['pcm']);
  add('reshape', 'plane', ['features'], [], { shape: [0, 0, 64, 1] });
  classes.forEach((count, model) => {
    const at = (name: string): string => `${model}/${name}`;
    let x = add('conv', at('front0'), ['plane'], [[5, 5, 1, 8], [8]], { ...relu, strides: [2, 2], pads: [3, 0, 2, 2] });
    x = add('conv', at('front1'), [x], [[3, 3, 8, 12], [12]], { ...relu, strides: [2, 2], pads: [1, 0, 1, 1] });
    x = add('conv', at('front2'), [x], [[3, 3, 12, 16], [16]], { ...relu, strides: [1, 2], pads: [2, 0, 1, 1] });
    x = add('reshape', at('flat'), [x], [], { shape: [0, 0, 128] });
    x = add('conv', at('gather'), [x], [[1, 128, width], [width]], relu);
    for (const dilation of [1, 2, 4]) {
      const made = add('conv', at(`dilated${dilation}`), [x], [[3, width, width], [width]], {
        ...relu,
        dilations: [dilation],
        pads: [2 * dilation, 0],
      });
      x = add('binary', at(`sum${dilation}`), [x, made], [], { kind: 'add' });
    }
    x = add('gru', at('gru'), [x], [[width, 3 * hidden], [hidden, 3 * hidden], [3 * hidden], [3 * hidden]]);
    x = add('dense', at('dense'), [x], [[hidden, count], [count]]);
    outputs.push(add('softmax', at('probabilities'), [x]));
  });
  return { inputs: [{ name: 'pcm', shape: ['batch', 'samples'], type: 'int16' }], nodes, constants, outputs };
}

/** Noise that swells and fades, int16. */
export function noise(length: number, seed = 'noise'): Int16Array {
  const random = seeded(seed);
  return Int16Array.from({ length }, (_, i) =>
    Math.max(-32768, Math.min(32767, random.normal() * 3000 * (1 + Math.sin(i / 3000)))),
  );
}
