/**
 * The seam: everything that differs between devices stands behind these two interfaces. A backend knows ops, not
 * audio. Adding a backend means adding a folder here and a row in the backend list of the tests.
 */
import type { Bindings, Graph } from '../graph/graph.ts';
import type { Plan } from '../graph/plan.ts';
import type { TensorData } from '../graph/tensor.ts';

export type BackendName = 'webgpu' | 'cpu' | 'gpu.js' | 'reference';

export interface Backend {
  readonly name: BackendName;
  /** What computes, in words a user knows: the adapter's name, or the instruction set. */
  readonly adapter: string;
  /** How many items one run should hold at most, and whether a batch is better filled up than cut into smaller ones. */
  readonly batching?: Batching;
  /** Makes a graph ready to run at one shape. All that can be allocated is allocated here. */
  prepare(graph: Graph, bindings: Bindings): Promise<Program>;
  /** Threads that run graphs beside each other in the backend's memory; only where a backend has them. */
  openPool?(threads: number): Promise<Pool>;
  /** Frees everything, programs included. Afterwards `prepare` and `run` throw DisposedError. */
  dispose(): void;
}

export interface Batching {
  readonly largest: number;
  readonly pad: boolean;
  /** Runs that may be under way at once, of one program too; default 1. */
  readonly underWay?: number;
}

/** How a backend keeps matrices of weights. Products are summed in float32 either way. */
export const weightPrecisions = ['f32', 'f16'] as const;
export type WeightPrecision = (typeof weightPrecisions)[number];

/** A graph prepared on one backend for one shape. */
export interface Program {
  readonly plan: Plan;
  /**
   * Runs the graph once.
   *
   * `inputs[i]` is the graph's i-th input, row-major, of exactly its size. `state` is [batch, plan.stateLength],
   * read and then overwritten with the state after this stretch; left out, every item starts at the beginning of a
   * stream (all zeros) and what comes after is thrown away. Gives the graph's outputs, row-major. They are views
   * that hold until the next run of the same program. Runs of one program must not overlap.
   */
  run(inputs: readonly TensorData[], state?: Float32Array): Promise<Float32Array[]> | Float32Array[];
  dispose(): void;
}

/** Runs of graphs on other threads, many at once. Inputs and state must be left alone until the promise is settled. */
export interface Pool {
  readonly threads: number;
  run(graph: Graph, bindings: Bindings, inputs: readonly TensorData[], state?: Float32Array): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}
