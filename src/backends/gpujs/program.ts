import { DisposedError } from '../../errors.ts';
import { allocate, type Plan, type PlannedNode } from '../../graph/plan.ts';
import { sizeOf, type TensorData } from '../../graph/tensor.ts';
import { kernelFor } from '../../ops/index.ts';
import type { Program } from '../backend.ts';
import type { Kernels } from './kernels.ts';
import { type NodeContext, NodeState, type Step } from './step.ts';
import * as stepMakers from './steps/registry.generated.ts';

/** Values live in one arena by lifetime; each node is a step that reads and writes there. */
export class GpuJsProgram implements Program {
  readonly #values = new Map<string, Float32Array>();
  #steps: Step[];
  readonly plan: Plan;
  readonly #onDispose: (program: GpuJsProgram) => void;

  constructor(plan: Plan, kernels: Kernels, onDispose: (program: GpuJsProgram) => void) {
    this.plan = plan;
    this.#onDispose = onDispose;
    const { graph, shapes } = plan;
    const aliases = new Map(
      plan.nodes.flatMap(({ node }) =>
        node.op === 'reshape' && !graph.constants.has(node.inputs[0]) ? [[node.outputs[0], node.inputs[0]]] : [],
      ),
    );
    const { offsets, length } = allocate(plan, (_, shape) => sizeOf(shape), { alias: (name) => aliases.get(name) });
    const arena = new Float32Array(length);
    for (const [name, shape] of shapes) {
      const constant = graph.constants.get(name);
      const at = offsets.get(name) ?? 0;
      this.#values.set(
        name,
        constant
          ? kernels.pack(constant, 'as it is', (data) => Float32Array.from(data))
          : arena.subarray(at, at + sizeOf(shape)),
      );
    }
    this.#steps = plan.nodes.map((planned) =>
      kernelFor(planned.node, stepMakers, 'gpu.js')(this.#contextOf(planned, kernels)),
    );
  }

  #contextOf({ node, inputShapes, outputShapes, state }: PlannedNode, kernels: Kernels): NodeContext {
    const { batch, stateLength, graph } = this.plan;
    return {
      node,
      kernels,
      batch,
      inputShapes,
      outputShape: outputShapes[0],
      inputs: node.inputs.map((name) => this.#values.get(name)),
      output: this.#values.get(node.outputs[0])!,
      outputs: node.outputs.map((name) => this.#values.get(name)!),
      constants: node.inputs.map((name) => graph.constants.get(name)),
      state: state.map(({ shape, offset }) => new NodeState(shape, offset, stateLength)),
    };
  }

  run(inputs: readonly TensorData[], state?: Float32Array): Float32Array[] {
    if (this.#steps.length === 0 && this.plan.nodes.length > 0) throw new DisposedError('the program');
    const { graph } = this.plan;
    graph.inputs.forEach(({ name }, i) => this.#values.get(name)!.set(inputs[i]));
    for (const step of this.#steps) step(state);
    return graph.outputs.map((name) => this.#values.get(name)!);
  }

  dispose(): void {
    this.#steps = [];
    this.#values.clear();
    this.#onDispose(this);
  }
}
