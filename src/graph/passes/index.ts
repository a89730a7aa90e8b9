/** What is done to a graph before it is stored. Every pass keeps the result; each may be left out. */
import type { Graph } from '../graph.ts';
import { removeDeadCode, tidyNames } from './dead-code.ts';
import type { Pass } from './edit.ts';
import { flattenFrequency } from './flatten-frequency.ts';
import { foldCuts } from './fold-cuts.ts';
import { foldPads } from './fold-pads.ts';
import { foldScales } from './fold-scales.ts';
import { foldTransposes } from './fold-transposes.ts';
import { fuseActivations, fuseResiduals } from './fuse.ts';
import { hoistTransposes } from './hoist-transposes.ts';
import { recognise } from './recognise.ts';
import { simplify } from './simplify.ts';

/** In this order: residuals before activations, because an epilogue adds first. */
export const passes: Readonly<Record<string, Pass>> = {
  recognise,
  hoistTransposes,
  simplify,
  foldTransposes,
  foldPads,
  foldCuts,
  foldScales,
  fuseResiduals,
  fuseActivations,
  flattenFrequency,
  removeDeadCode,
};

/** Applies all passes until none of them finds anything more to do. */
export function optimise(graph: Graph): Graph {
  let current = removeDeadCode(graph);
  for (let round = 0; round < 8; round++) {
    const before = describe(current);
    for (const pass of Object.values(passes)) current = pass(current);
    if (describe(current) === before) break;
  }
  return tidyNames(current);
}

const describe = ({ nodes }: Graph): string => nodes.map(({ op, inputs }) => `${op} ${inputs.join()}`).join(';');
