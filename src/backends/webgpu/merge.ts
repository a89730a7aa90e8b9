/**
 * Several models in one graph are often the same network with other weights. Where both leave most of a GPU idle, equal
 * steps become one dispatch with several jobs: half the dispatches, and twice the work to hide latency with.
 */

import type { Dispatch, Step } from './lowered.ts';
import { loadShader } from './shaders.ts';

/** From so many workgroups on, a step fills a GPU by itself, and merging would only keep more values alive at once. */
const fullGrid = 4096;

/** Jobs of one dispatch. */
const mostJobs = 4;

/** `root` names the value whose memory a value shares. */
export function mergeSteps(steps: readonly Step[], root: (name: string) => string): Dispatch[] {
  if (steps.some(({ grid }) => grid[0] * grid[1] * grid[2] > fullGrid)) return steps.map((step) => merged([step]));
  const levels = levelsOf(steps, root);
  const groups = new Map<string, Step[]>();
  const order = [...steps].sort((a, b) => levels.get(a)! - levels.get(b)!);
  for (const step of order) {
    const { kernel, grid } = step;
    const { file, entry, constants } = kernel;
    const alike = `${levels.get(step)} ${file} ${entry} ${JSON.stringify(constants)} ${grid.join()}`;
    const most = Math.min(mostJobs, loadShader(kernel.file).capacity);
    // A full group makes room for the next of its kind.
    let key = alike;
    while (groups.get(key)?.length === most) key += ' and more';
    groups.set(key, [...(groups.get(key) ?? []), step]);
  }
  return [...groups.values()].map(merged);
}

/** How many steps must have run before a step can: those of one level don't need each other. */
function levelsOf(steps: readonly Step[], root: (name: string) => string): Map<Step, number> {
  const made = new Map<string, number>();
  return new Map(
    steps.map((step) => {
      const level = 1 + Math.max(0, ...step.reads.map((name) => made.get(root(name)) ?? 0));
      for (const name of step.writes) made.set(root(name), level);
      return [step, level] as const;
    }),
  );
}

function merged(steps: readonly Step[]): Dispatch {
  const [{ kernel, grid }] = steps;
  return {
    node: steps.map(({ node }) => node).join(', '),
    kernel,
    grid: [grid[0], grid[1], grid[2] * steps.length],
    reads: steps.flatMap(({ reads }) => reads),
    writes: steps.flatMap(({ writes }) => writes),
    jobs: steps.map(({ params }) => params),
  };
}
