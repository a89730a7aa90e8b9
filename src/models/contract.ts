/** What an engine asks of a model: one row of probabilities for each 64 ms, from the features that it computes. */
import { innerRate, stepSamples } from '../audio/format.ts';
import type { Graph } from '../graph/graph.ts';
import { probe } from '../graph/passes/edit.ts';
import { opNamed } from '../ops/index.ts';
import type { ModelMetadata } from './model.ts';

type Listening = Pick<ModelMetadata, 'sampleRate' | 'features' | 'framesPerStep' | 'labels'>;

/** The rule, in the words of an error. */
export const contract =
  'a model hears 16 kHz in log-mel features of undertone, [batch, time, bands], and gives one row of ' +
  'probabilities for each 64 ms (framesPerStep x hop = 1024 samples), [batch, time / framesPerStep, labels], ' +
  'without looking ahead';

/** Beyond these a file asks for memory and time that no features need. */
const [mostFrame, mostBands] = [8192, 512];

function geometryBreaches({ sampleRate, features: { kind, frame, hop, bands }, framesPerStep }: Listening): string[] {
  const breaches: string[] = [];
  if (frame > mostFrame) breaches.push(`its frames have ${frame} samples, more than ${mostFrame}`);
  if (bands > mostBands) breaches.push(`its features have ${bands} bands, more than ${mostBands}`);
  if (sampleRate !== innerRate) breaches.push(`it hears ${sampleRate} Hz, not ${innerRate}`);
  if (framesPerStep * hop !== stepSamples)
    breaches.push(
      `its rows are ${framesPerStep} x ${hop} samples apart ` +
        `(${Number(((1000 * framesPerStep * hop) / sampleRate).toFixed(2))} ms), not ${stepSamples} (64 ms)`,
    );
  if (kind !== 'logmel') breaches.push(`its features are ${JSON.stringify(kind)}, not logmel`);
  if (!(frame >= hop) || (frame & (frame - 1)) !== 0)
    breaches.push(
      `its frames of ${frame} samples every ${hop} are none that logmel makes: a power of two, at least the hop`,
    );
  return breaches;
}

/** Why an engine can't listen with this network; empty if it can. */
export function contractBreaches(graph: Graph, metadata: Listening): string[] {
  const {
    features: { bands },
    framesPerStep,
    labels,
  } = metadata;
  const breaches = geometryBreaches(metadata);
  // What is planned with a wild geometry would be wild as well.
  if (breaches.length > 0) return breaches;
  if (graph.outputs.length !== 1) return [`it has ${graph.outputs.length} outputs, not one`];
  const [plan, other] = probe(graph);
  const [input] = graph.inputs;
  const shape = input.shape;
  if (
    graph.inputs.length !== 1 ||
    shape.length !== 3 ||
    shape[0] !== 'batch' ||
    shape[1] !== 'time' ||
    shape[2] !== bands
  ) {
    breaches.push(
      `its inputs are ${graph.inputs.map(({ name, shape: dimensions }) => `${name} [${dimensions.join(', ')}]`).join(', ')}` +
        `, not one of [batch, time, ${bands}]`,
    );
    return breaches;
  }
  for (const { shapes, bindings } of [plan, other]) {
    const output = shapes.get(graph.outputs[0])!;
    const expected = [bindings.batch, bindings.time / framesPerStep, labels.length];
    if (output.length !== 3 || output.some((extent, axis) => extent !== expected[axis])) {
      breaches.push(
        `its output is [${output.join(', ')}] where the metadata say [${expected.join(', ')}] (batch, time / ` +
          'framesPerStep, labels)',
      );
      break;
    }
  }
  const unbounded = unboundedNode(graph);
  if (unbounded)
    breaches.push(
      `its outputs need not lie within [0, 1]: they come from "${unbounded.name}" (${unbounded.op}), not from ` +
        'a softmax or sigmoid',
    );
  if (!plan.streamable) {
    const blocking = plan.nodes
      .filter(({ node, inputShapes }) => opNamed(node).state(node, inputShapes) === undefined)
      .map(({ node }) => `"${node.name}" (${node.op})`);
    breaches.push(
      `it can't be streamed, because ${blocking.slice(0, 3).join(', ')}` +
        `${blocking.length > 3 ? ` and ${blocking.length - 3} more` : ''} would have to look ahead`,
    );
  }
  return breaches;
}

/** Ops whose values are those of their first input, and functions that give probabilities. */
const passing = new Set(['reshape', 'transpose', 'slice', 'crop', 'gather', 'expand', 'repeat', 'pad']);
const bounded = new Set(['sigmoid', 'hardSigmoid']);
/** Ops that can give any number, unless their activation bounds it. */
const unboundedOps = new Set(['dense', 'matmul', 'conv', 'convTranspose', 'gru', 'lstm', 'normalise', 'logmel']);

/** The node from which outputs come that may be any number; undefined where none can be told. */
function unboundedNode(graph: Graph): Graph['nodes'][number] | undefined {
  let node = graph.nodes.find(({ outputs }) => outputs.includes(graph.outputs[0]));
  for (let steps = 0; node && passing.has(node.op) && steps < graph.nodes.length; steps++) {
    const [source] = node.inputs;
    node = graph.nodes.find(({ outputs }) => outputs.includes(source));
  }
  if (!node) return undefined;
  const { op, attributes } = node;
  if (op === 'softmax') return attributes['log'] === 1 ? node : undefined;
  if (op === 'unary') return bounded.has(String(attributes['kind'])) ? undefined : node;
  if (!unboundedOps.has(op)) return undefined;
  return bounded.has(String(attributes['activation'])) ? undefined : node;
}
