import type { Bindings, Graph } from '../../../graph/graph.ts';
import { allocate, type Plan, planGraph } from '../../../graph/plan.ts';
import { sizeOf } from '../../../graph/tensor.ts';
import { kernelFor } from '../../../ops/index.ts';
import { type Code, inRegion } from '../code.ts';
import type { Constant } from '../constants.ts';
import { Builder, type Target } from './builder.ts';
import { fuseResiduals } from './fuse.ts';
import * as lowerings from './registry.generated.ts';

/** Where the caller's data go. `address` may be relative to a region, see ../code.ts. */
export interface Place {
  readonly address: number;
  readonly length: number;
  readonly isInt16: boolean;
}

export interface CompiledGraph {
  readonly plan: Plan;
  readonly code: Code;
  readonly tables: Int32Array;
  /** Bytes. */
  readonly sizes: { readonly arena: number; readonly scratch: number };
  readonly inputs: readonly Place[];
  readonly outputs: readonly Place[];
  /** Each counted as used once by this. */
  readonly constants: readonly Constant[];
}

export function compile(graph: Graph, bindings: Bindings, target: Target): CompiledGraph {
  const plan = planGraph(graph, bindings);
  const fused = fuseResiduals(plan);
  const int16 = int16Values(fused);
  const alias = aliases(fused);
  const allocation = allocate(
    fused,
    (name, shape) => (int16.has(name) ? Math.ceil(sizeOf(shape) / 2) : sizeOf(shape)),
    { align: 16, alias: (name) => alias.get(name) },
  );
  const values = new Map([...allocation.offsets].map(([name, offset]) => [name, inRegion('arena', 4 * offset)]));
  const builder = new Builder(fused, target, values, int16);
  try {
    const staging = stageInputs(builder, 4 * allocation.length);
    for (const planned of fused.nodes) {
      builder.beginNode();
      if (!alias.has(planned.node.outputs[0])) kernelFor(planned.node, lowerings, 'cpu')(planned, builder);
    }
    return {
      plan,
      code: builder.code,
      tables: builder.tables,
      sizes: { arena: staging.end, scratch: builder.scratchLength },
      inputs: staging.places,
      outputs: graph.outputs.map((name) => ({
        address: builder.address(name),
        length: sizeOf(plan.shapes.get(name)!),
        isInt16: false,
      })),
      constants: builder.constantsUsed,
    };
  } catch (error) {
    for (const constant of builder.constantsUsed) target.constants.release(constant);
    throw error;
  }
}

/** A reshaped value shares its input's memory, unless that is a constant. */
function aliases(plan: Plan): Map<string, string> {
  const reshaped = plan.nodes.filter(({ node }) => node.op === 'reshape' && !plan.graph.constants.has(node.inputs[0]));
  return new Map(reshaped.map(({ node }) => [node.outputs[0], node.inputs[0]]));
}

/** Audio that nobody reads but log-mel stays int16; all else is float32. */
function int16Values(plan: Plan): Set<string> {
  const onlyForLogmel = (name: string): boolean =>
    !plan.graph.outputs.includes(name) &&
    plan.nodes.every(({ node }) => node.op === 'logmel' || !node.inputs.includes(name));
  return new Set(
    plan.graph.inputs.filter(({ name, type }) => type === 'int16' && onlyForLogmel(name)).map(({ name }) => name),
  );
}

/** Inputs go straight to their value, int16 ones that must be widened by way of memory behind the other values. */
function stageInputs(to: Builder, end: number): { places: Place[]; end: number } {
  const places = to.plan.graph.inputs.map(({ name, type }): Place => {
    const length = sizeOf(to.plan.shapes.get(name)!);
    const value = to.address(name);
    if (type !== 'int16' || to.isInt16(name)) return { address: value, length, isInt16: to.isInt16(name) };
    const address = inRegion('arena', end);
    end += Math.ceil(length / 32) * 64;
    to.code.emit('widen', { x: address, y: value, count: length });
    return { address, length, isInt16: true };
  });
  return { places, end };
}
