import type { WeightPrecision } from '../backends/backend.ts';
import { ArgumentError, UndertoneError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { probe } from '../graph/passes/edit.ts';
import { planGraph } from '../graph/plan.ts';
import { symbolicExtents } from '../graph/symbolic.ts';
import { sizeOf } from '../graph/tensor.ts';
import type { FixedInput } from '../onnx/inputs.ts';
import type { Extent } from '../onnx/symbols.ts';
import { opNamed } from '../ops/index.ts';
import type { FilePlace } from '../platform/index.ts';
import { type DeviceInfo, type DeviceName, openDevice } from '../runtime/devices.ts';
import { Runner } from './runner.ts';
import { type NetworkSource, openSource } from './source.ts';
import { NetworkStream, type StreamOptions } from './stream.ts';
import {
  type NetworkInputs,
  type NetworkOutputs,
  type NetworkTensor,
  type NetworkValue,
  type Settled,
  settle,
} from './tensors.ts';

export interface NetworkOptions {
  /** Default `auto`: a hardware GPU if there is one, else the CPU. */
  readonly device?: DeviceName;
  /** Of an ONNX file: what open axes are fixed to, or the other axis that they equal. */
  readonly dims?: Readonly<Record<string, Extent>>;
  /** Of an ONNX file: inputs that are given once and for all, such as `{ sr: 16000 }`. */
  readonly inputs?: Readonly<Record<string, FixedInput>>;
  /** Device webgpu: how large matrices of weights are kept. Default `f32`. */
  readonly weightPrecision?: WeightPrecision;
}

/** Graphs for one size each that are kept. */
const mostSpecial = 8;

/**
 * A network on a device: named tensors in, named tensors out. Any number of runs may be under way at once; those that
 * wait together, of one shape, are computed together where the items of a batch are computed apart.
 */
export class Network {
  /** Which device computes, and why it was chosen. */
  readonly device: DeviceInfo;
  readonly inputs: readonly NetworkValue[];
  /** A shape of an output is empty where it is only known when the network has run. */
  readonly outputs: readonly NetworkValue[];
  readonly #source: NetworkSource;
  readonly #runner: Runner;
  readonly #special = new Map<string, Graph>();

  private constructor(source: NetworkSource, device: DeviceInfo, runner: Runner) {
    this.#source = source;
    this.device = device;
    this.#runner = runner;
    this.inputs = source.inputs.map(({ name, shape }) => ({ name, shape }));
    const plans = source.graph && probe(source.graph);
    this.outputs = source.outputs.map((name) => ({ name, shape: plans ? symbolicExtents(name, plans) : [] }));
  }

  /**
   * Opens a model file or an ONNX file: a path, a URL, or its bytes.
   * @throws ConversionError for an ONNX file that isn't understood, ModelFileError for a damaged model file,
   * DeviceUnavailableError if a device was named that is not there, ArgumentError for an option that is not allowed.
   */
  static async open(source: FilePlace | Uint8Array, options: NetworkOptions = {}): Promise<Network> {
    const { device = 'auto', dims, inputs, weightPrecision } = options;
    const opened = await openSource(source, { dims, inputs });
    const { backend, info } = await openDevice(device, { weightPrecision });
    return new Network(opened, info, new Runner(backend));
  }

  /**
   * The outputs for these inputs, by name.
   * @throws ArgumentError that names the input, what came and what is allowed; ShapeError where sizes do not fit the
   * network
   */
  async run(inputs: NetworkInputs): Promise<NetworkOutputs> {
    const { key, graph, settled } = this.#graphFor(settle({ inputs: this.#source.inputs }, inputs));
    return this.#named(await this.#runner.run(key, graph, settled));
  }

  /** A stream through the network. @throws UndertoneError where it can't be cut along time and nothing is carried. */
  stream(options: StreamOptions = {}): NetworkStream {
    const { graph, reason } = this.#source;
    if (Object.keys(options.carry ?? {}).length === 0) {
      if (!graph) throw new UndertoneError(`the network can't be streamed without \`carry\`: ${reason}`);
      const blocking = blockingNodes(graph);
      if (blocking !== undefined)
        throw new UndertoneError(
          `the network can't be streamed: ${blocking} would have to look ahead; one that takes its state as ` +
            `inputs needs \`carry\``,
        );
    }
    return new NetworkStream(
      {
        inputs: this.inputs,
        outputs: this.outputs,
        withZeros: (inputs, names) => this.#withZeros(inputs, names),
        advance: (inputs, before, isCarried) => this.#advance(inputs, before, isCarried),
      },
      options,
    );
  }

  /** Ends all work: runs that wait are refused with DisposedError. */
  async dispose(): Promise<void> {
    await this.#runner.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #advance(
    inputs: NetworkInputs,
    before: Float32Array | undefined,
    isCarried: boolean,
  ): Promise<{ outputs: NetworkOutputs; state: Float32Array | undefined }> {
    if (isCarried) return { outputs: await this.run(inputs), state: undefined };
    const settled = settle({ inputs: this.#source.inputs }, inputs);
    const graph = this.#source.graph!;
    const { batch, stateLength } = planGraph(graph, settled.bindings);
    const state = before ?? new Float32Array(batch * stateLength);
    if (state.length !== batch * stateLength)
      throw new ArgumentError(
        'inputs',
        `a batch of ${batch}`,
        `of ${state.length / stateLength}, as before in this stream`,
      );
    return { outputs: this.#named(await this.#runner.run('', graph, settled, state)), state };
  }

  #withZeros(inputs: NetworkInputs, names: readonly string[]): NetworkInputs {
    const missing = names.filter((name) => !(name in inputs));
    if (missing.length === 0) return inputs;
    const declared = this.#source.inputs;
    const { bindings } = settle({ inputs: declared.filter(({ name }) => !missing.includes(name)) }, inputs);
    const zeros = missing.map((name) => {
      const shape = declared
        .find((input) => input.name === name)!
        // An axis that no other input has is that of a batch, under another name.
        .shape.map((extent) => (typeof extent === 'number' ? extent : (bindings[extent] ?? bindings.batch ?? 1)));
      return [name, { data: new Float32Array(sizeOf(shape)), shape }] as const;
    });
    return { ...inputs, ...Object.fromEntries(zeros) };
  }

  /** The graph that computes these inputs, and those of them that it still takes. */
  #graphFor(settled: Settled): { key: string; graph: Graph; settled: Settled } {
    const { graph, specialise, inputs } = this.#source;
    if (!specialise) return { key: '', graph: graph!, settled };
    const { key, make } = specialise(settled);
    const special = this.#special.get(key) ?? make();
    this.#special.delete(key);
    this.#special.set(key, special);
    for (const oldest of this.#special.keys()) {
      if (this.#special.size <= mostSpecial) break;
      this.#special.delete(oldest);
    }
    const tensors = special.inputs.map(({ name }) => settled.tensors[inputs.findIndex((input) => input.name === name)]);
    return { key, graph: special, settled: { tensors, bindings: {} } };
  }

  #named(outputs: readonly NetworkTensor[]): NetworkOutputs {
    return Object.fromEntries(outputs.map((output, i) => [this.#source.outputs[i], output]));
  }
}

/** Nodes that can't carry their state along a stream, in words; undefined if there are none. */
function blockingNodes(graph: Graph): string | undefined {
  const [plan] = probe(graph);
  const blocking = plan.nodes
    .filter(({ node, inputShapes }) => opNamed(node).state(node, inputShapes) === undefined)
    .map(({ node }) => `"${node.name}" (${node.op})`);
  if (blocking.length === 0) return undefined;
  return `${blocking.slice(0, 3).join(', ')}${blocking.length > 3 ? ` and ${blocking.length - 3} more` : ''}`;
}
