/** Several models in one graph: audio in, the step probabilities of each out, features computed once. */
import { UndertoneError } from '../errors.ts';
import type { FeatureSettings, Model } from '../models/model.ts';
import type { Graph, GraphNode } from './graph.ts';
import type { Tensor } from './tensor.ts';

/** The name of the composed graph's input, int16 [batch, samples]; output i is models[i]'s probabilities. */
const audioInput = 'pcm';

export function composeModels(models: readonly Model[]): Graph {
  const nodes: GraphNode[] = [];
  const constants = new Map<string, Tensor>();
  const outputs: string[] = [];
  const featureNodes = new Map<string, string>();

  for (const model of models) {
    const input = model.graph.inputs[0];
    if (!input || model.graph.inputs.length !== 1) {
      throw new UndertoneError(
        `model "${model.name}": it must have one input, the features, but has ${model.graph.inputs.length}`,
      );
    }
    const features = featuresFor(model.features, model.sampleRate);
    const rename = (name: string): string =>
      name === '' ? '' : name === input.name ? features : `${model.name}/${name}`;
    for (const [name, tensor] of model.graph.constants) constants.set(rename(name), tensor);
    for (const node of model.graph.nodes) {
      nodes.push({
        ...node,
        name: `${model.name}/${node.name}`,
        inputs: node.inputs.map(rename),
        outputs: node.outputs.map(rename),
      });
    }
    outputs.push(rename(model.graph.outputs[0]));
  }
  return { inputs: [{ name: audioInput, shape: ['batch', 'samples'], type: 'int16' }], nodes, constants, outputs };

  /** The value that holds these features; made by the first model that asks for it. */
  function featuresFor({ kind, frame, hop, bands }: FeatureSettings, sampleRate: number): string {
    const value = `${kind} ${frame}/${hop}/${bands} at ${sampleRate}`;
    if (!featureNodes.has(value)) {
      featureNodes.set(value, value);
      nodes.push({
        name: value,
        op: 'logmel',
        inputs: [audioInput],
        outputs: [value],
        attributes: { frame, hop, bands, sampleRate },
      });
    }
    return value;
  }
}
