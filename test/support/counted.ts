/** A backend watched: which batches were prepared, and how many of its programs live. */
import type { Backend, Program } from '../../src/backends/backend.ts';
import type { Bindings } from '../../src/graph/graph.ts';

export interface Counted {
  /** What was asked for, in order. */
  readonly prepared: Bindings[];
  /** Programs that were not disposed. */
  readonly alive: () => number;
}

/** Watches a backend from now on. `before` may refuse by throwing. */
export function counted(backend: Backend, before: (bindings: Bindings) => void = () => {}): Counted {
  const prepared: Bindings[] = [];
  const alive = new Set<Program>();
  const prepare = backend.prepare.bind(backend);
  backend.prepare = async (graph, bindings) => {
    prepared.push(bindings);
    before(bindings);
    const program = await prepare(graph, bindings);
    alive.add(program);
    const dispose = program.dispose.bind(program);
    program.dispose = () => {
      alive.delete(program);
      dispose();
    };
    return program;
  };
  return { prepared, alive: () => alive.size };
}
