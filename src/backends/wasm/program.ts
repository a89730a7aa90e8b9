import { ArgumentError, DisposedError } from '../../errors.ts';
import type { Plan } from '../../graph/plan.ts';
import type { TensorData } from '../../graph/tensor.ts';
import type { Program } from '../backend.ts';
import { type Bases, resolve } from './code.ts';
import type { Target } from './lower/builder.ts';
import type { CompiledGraph } from './lower/compile.ts';
import type { Tenant, Workspace } from './workspace.ts';

const align = 64;

/** A compiled graph in memory. Everything is allocated here; a run copies in, calls once and copies out. */
export class WasmProgram implements Program, Tenant {
  readonly plan: Plan;
  /** Address of the code, for instances of the kernels on other threads. */
  entry = 0;
  readonly #compiled: CompiledGraph;
  readonly #backend: Target;
  readonly #workspace: Workspace;
  readonly #onDispose: () => void;
  /** Tables, then code; the rest is in the workspace. */
  readonly #block: number;
  readonly #results: Float32Array[];
  #inputs: readonly TensorData[] = [];
  #state: Float32Array = new Float32Array(0);
  #outputs: readonly Float32Array[] = [];
  #disposed = false;

  constructor(compiled: CompiledGraph, backend: Target, workspace: Workspace, onDispose: () => void) {
    const { plan, code, tables, sizes } = compiled;
    this.plan = plan;
    this.#compiled = compiled;
    this.#backend = backend;
    this.#workspace = workspace;
    this.#onDispose = onDispose;
    workspace.reserve(sizes.arena + sizes.scratch + align + 4 * plan.batch * plan.stateLength);
    try {
      this.#block = backend.heap.allocate(tables.byteLength + code.byteLength);
    } catch (error) {
      workspace.leave(this);
      throw error;
    }
    workspace.enter(this);
    for (const constant of compiled.constants) constant.users++;
    this.relink();
    this.#results = this.newResults();
  }

  /** Writes tables and code for where the workspace stands now. */
  relink(): void {
    const { plan, code, tables, sizes, inputs, outputs } = this.#compiled;
    const { heap } = this.#backend;
    const arena = this.#workspace.address;
    const scratch = arena + Math.ceil(sizes.arena / align) * align;
    this.entry = this.#block + tables.byteLength;
    const bases: Bases = {
      absolute: 0,
      tables: this.#block,
      arena,
      scratch,
      state: scratch + sizes.scratch,
      code: this.entry,
    };
    heap.words(this.#block, tables.length).set(tables);
    const linked = code.link(bases);
    heap.words(this.entry, linked.length).set(linked);
    this.#inputs = inputs.map(({ address, length, isInt16 }) =>
      isInt16 ? heap.shorts(resolve(address, bases), length) : heap.floats(resolve(address, bases), length),
    );
    this.#state = heap.floats(bases.state, plan.batch * plan.stateLength);
    this.#outputs = outputs.map(({ address, length }) => heap.floats(resolve(address, bases), length));
  }

  run(inputs: readonly TensorData[], state?: Float32Array): Float32Array[] {
    this.load(inputs, state);
    this.#backend.execute(this.entry);
    this.save(this.#results, state);
    return this.#results;
  }

  /** Copies inputs and state to where the code expects them. */
  load(inputs: readonly TensorData[], state?: Float32Array): void {
    if (this.#disposed) throw new DisposedError('the program');
    this.#check(inputs, state);
    for (let i = 0; i < inputs.length; i++) this.#inputs[i].set(inputs[i]);
    if (state) this.#state.set(state);
    else this.#state.fill(0);
  }

  /** Copies results and state out. */
  save(results: readonly Float32Array[], state?: Float32Array): void {
    for (let i = 0; i < results.length; i++) results[i].set(this.#outputs[i]);
    state?.set(this.#state);
  }

  newResults(): Float32Array[] {
    return this.#outputs.map(({ length }) => new Float32Array(length));
  }

  #check(inputs: readonly TensorData[], state: Float32Array | undefined): void {
    if (inputs.length !== this.#inputs.length)
      throw new ArgumentError(
        'inputs',
        `${inputs.length} of them`,
        `${this.#inputs.length}, one for each input of the graph`,
      );
    for (let i = 0; i < inputs.length; i++) {
      const [given, place] = [inputs[i], this.#inputs[i]];
      if (given.length === place.length && (given instanceof Int16Array || place instanceof Float32Array)) continue;
      const { name, type } = this.plan.graph.inputs[i];
      throw new ArgumentError(
        `inputs[${i}]`,
        `${given.length} values in ${given.constructor.name}`,
        `${place.length} of type ${type} for "${name}" [${this.plan.shapes.get(name)!.join(', ')}]`,
      );
    }
    if (state && state.length !== this.#state.length) {
      throw new ArgumentError(
        'state',
        `${state.length} values`,
        `${this.#state.length} long, [${this.plan.batch}, ${this.plan.stateLength}]`,
      );
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#backend.heap.free(this.#block);
    this.#workspace.leave(this);
    for (const constant of this.#compiled.constants) this.#backend.constants.release(constant);
    this.#onDispose();
  }
}
