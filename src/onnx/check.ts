/** What a file needs of this converter, told before anything else that may be wrong. */
import { ConversionError } from '../errors.ts';
import type { OnnxModel } from './reader.ts';
import type { NodeProto } from './schema.ts';

const nodeLimit = 20_000;
/** Nodes that an error names for each op. */
const namedNodes = 3;

/** Throws ConversionError that lists all ops that aren't known, how often each is there and where. */
export function checkOps({ nodes, source }: OnnxModel, known: readonly string[]): void {
  const all = nodes.flatMap(withBranches);
  if (all.length > nodeLimit) throw new ConversionError(source, `it has ${all.length} nodes, more than ${nodeLimit}`);
  const unknown = new Map<string, string[]>();
  for (const { domain, opType = '', name, output } of all) {
    const foreign = domain !== undefined && domain !== '' && domain !== 'ai.onnx';
    if (!foreign && known.includes(opType)) continue;
    const op = foreign ? `${opType} of domain "${domain}"` : opType;
    unknown.set(op, [...(unknown.get(op) ?? []), name || output[0] || '']);
  }
  if (unknown.size === 0) return;
  const list = [...unknown].map(([op, names]) => {
    const shown = names.slice(0, namedNodes).map((name) => `"${name}"`);
    return (
      `${op} (${names.length} ${names.length === 1 ? 'node' : 'nodes'}: ` +
      `${shown.join(', ')}${names.length > namedNodes ? ', ...' : ''})`
    );
  });
  throw new ConversionError(
    source,
    `these ops are not supported: ${list.join('; ')}. Supported are ${[...known].sort().join(', ')}`,
  );
}

function withBranches(node: NodeProto): NodeProto[] {
  return [node, ...node.attribute.flatMap(({ g }) => g?.node.flatMap(withBranches) ?? [])];
}
