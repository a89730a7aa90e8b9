import type { Pass } from './edit.ts';

/** Leaves out nodes and constants that no output depends on. */
export const removeDeadCode: Pass = (graph) => {
  const wanted = new Set(graph.outputs);
  const nodes = [...graph.nodes].reverse().filter((node) => {
    if (!node.outputs.some((name) => wanted.has(name))) return false;
    for (const name of node.inputs) wanted.add(name);
    return true;
  });
  return {
    ...graph,
    nodes: nodes.reverse(),
    constants: new Map([...graph.constants].filter(([name]) => wanted.has(name))),
  };
};

/** Gives constants that were changed on the way, `name.2`, the name of the one they stand for, where that is gone. */
export const tidyNames: Pass = (graph) => {
  const taken = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.constants.keys(),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const names = new Map<string, string>();
  for (const name of graph.constants.keys()) {
    const plain = name.replace(/(\.\d+)+$/, '');
    if (plain === '' || taken.has(plain) || graph.outputs.includes(name)) continue;
    taken.add(plain);
    names.set(name, plain);
  }
  const renamed = (name: string): string => names.get(name) ?? name;
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(renamed) })),
    constants: new Map([...graph.constants].map(([name, tensor]) => [renamed(name), tensor])),
  };
};
