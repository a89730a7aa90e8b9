import type { Pass } from './edit.ts';

/** Leaves out nodes and constants that no output depends on. */
export const removeDeadCode: Pass = (graph) => {
  const wanted = new Set(graph.outputs);
  const nodes = [...graph.nodes].reverse().filter((node) => {
    if (!node.outputs.some((name) => wanted.has(name))) return false;
    for (const name of node.inputs) wanted.add(name);
    return true;
  });
  return { ...graph, nodes: nodes.reverse(), constants: new Map([...graph.constants].filter(([name]) => wanted.has(name))) };
};
