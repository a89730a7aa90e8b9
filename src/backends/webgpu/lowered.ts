/** A graph lowered for a GPU: its dispatches, its weights and where every value lies. */
import type { Plan } from '../../graph/plan.ts';
import type { Tensor } from '../../graph/tensor.ts';

/** What a pipeline is made of. Pipelines are shared by all programs on a device. */
export interface Kernel {
  readonly file: string;
  readonly entry: string;
  readonly constants: Readonly<Record<string, number>>;
}

/** Where things lie, in floats: values and state in the arena, weights in the weights buffer. */
export interface Places {
  value(name: string): number;
  weights(key: string): number;
  /** Address of a piece of state of batch item 0; items are `stateLength` apart. */
  stateIn(offset: number): number;
  stateOut(offset: number): number;
  readonly stateLength: number;
  /** 1 where the run continues a stream, 0 where it starts from nothing and leaves nothing. */
  readonly streaming: 0 | 1;
}

export type Params = Readonly<Record<string, number | readonly number[]>>;

export interface Step {
  /** The node it is made from. */
  readonly node: string;
  readonly kernel: Kernel;
  readonly grid: readonly [number, number, number];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly params: (places: Places) => Params;
}

/** Steps of one kernel that are done in one dispatch. */
export interface Dispatch extends Omit<Step, 'params'> {
  readonly jobs: readonly Step['params'][];
}

/** A packed tensor of weights or a table; `make` is called when it is not yet on the device. */
export interface Weights {
  readonly key: string;
  readonly length: number;
  readonly make: (places: Places) => Float32Array | Int32Array | Uint32Array;
  /** Whether its numbers hold for one program only. */
  readonly own: boolean;
}

export interface Lowered {
  readonly plan: Plan;
  readonly steps: readonly Dispatch[];
  readonly weights: readonly Weights[];
  /** Constants to write into the arena when it is made. */
  readonly fixed: readonly { readonly address: number; readonly tensor: Tensor }[];
  readonly inputs: readonly { readonly address: number; readonly length: number; readonly packed: boolean }[];
  readonly outputs: readonly { readonly address: number; readonly length: number }[];
  /** Floats to bring back from address 0, without and with the state after the run. */
  readonly resultLength: number;
  readonly stateOut: number;
  readonly stateIn: number;
  readonly arenaLength: number;
  readonly value: (name: string) => number;
}

export function placesOf(
  lowered: Lowered,
  weights: { address(key: string): number } | undefined,
  streaming: 0 | 1,
): Places {
  return {
    value: lowered.value,
    weights: (key) => weights?.address(key) ?? 0,
    stateIn: (offset) => lowered.stateIn + offset,
    stateOut: (offset) => lowered.stateOut + offset,
    stateLength: lowered.plan.stateLength,
    streaming,
  };
}
