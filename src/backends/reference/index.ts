/** Runs a graph with the reference computations of src/ops, node by node. Slow, and what all backends must equal. */
import { DisposedError } from '../../errors.ts';
import type { Bindings, Graph } from '../../graph/graph.ts';
import { type Plan, planGraph } from '../../graph/plan.ts';
import { type FloatTensor, type Tensor, type TensorData, zeros } from '../../graph/tensor.ts';
import { opNamed } from '../../ops/index.ts';
import type { Backend, Program } from '../backend.ts';

export class ReferenceBackend implements Backend {
  readonly name = 'reference';
  readonly adapter = 'plain JavaScript';
  #disposed = false;

  async prepare(graph: Graph, bindings: Bindings): Promise<ReferenceProgram> {
    if (this.#disposed) throw new DisposedError('the reference backend');
    return new ReferenceProgram(planGraph(graph, bindings));
  }

  dispose(): void {
    this.#disposed = true;
  }
}

export class ReferenceProgram implements Program {
  readonly plan: Plan;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  run(inputs: readonly TensorData[], state?: Float32Array): Float32Array[] {
    const values = this.trace(inputs, state);
    return this.plan.graph.outputs.map((name) => Float32Array.from(values.get(name)!.data));
  }

  /** Every value of one run by name, intermediate ones too. */
  trace(inputs: readonly TensorData[], state?: Float32Array): Map<string, Tensor> {
    const { plan } = this;
    const values = new Map<string, Tensor>(plan.graph.constants);
    plan.graph.inputs.forEach(({ name }, i) => values.set(name, { shape: plan.shapes.get(name)!, data: inputs[i] }));
    for (const { node, state: places } of plan.nodes) {
      const nodeState = places.map(({ shape, offset }) => this.#gather(state, shape, offset));
      const given = node.inputs.map((name) => values.get(name) ?? { shape: [], data: new Float32Array(0) });
      const outputs = opNamed(node).compute(node, given, nodeState);
      node.outputs.forEach((name, i) => values.set(name, outputs[i]));
      if (state) places.forEach(({ offset }, i) => this.#scatter(state, nodeState[i], offset));
    }
    return values;
  }

  /** One node's state tensor [batch, ...shape] out of [batch, stateLength]. */
  #gather(state: Float32Array | undefined, shape: readonly number[], offset: number): FloatTensor {
    const { batch, stateLength } = this.plan;
    const tensor = zeros([batch, ...shape]);
    const size = tensor.data.length / batch;
    if (state) {
      for (let b = 0; b < batch; b++)
        tensor.data.set(state.subarray(b * stateLength + offset, b * stateLength + offset + size), b * size);
    }
    return tensor;
  }

  #scatter(state: Float32Array, tensor: FloatTensor, offset: number): void {
    const { batch, stateLength } = this.plan;
    const size = tensor.data.length / batch;
    for (let b = 0; b < batch; b++) state.set(tensor.data.subarray(b * size, (b + 1) * size), b * stateLength + offset);
  }

  dispose(): void {}
}
