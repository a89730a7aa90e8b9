/** The kinds of ops that shaders know by number: each must have one there, or it would be computed as another kind. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { activationNames } from '../../src/ops/activation.ts';
import { binaryKinds } from '../../src/ops/binary.ts';
import { poolKinds } from '../../src/ops/pool.ts';
import { reduceKinds } from '../../src/ops/reduce.ts';
import { root } from './write.ts';

const lists: Readonly<Record<string, readonly string[]>> = {
  'activation.wgsl': activationNames,
  'binary.wgsl': Object.keys(binaryKinds),
  'pool.wgsl': poolKinds,
  'reduce.wgsl join.wgsl': reduceKinds,
};

/** Throws where a kind of src/ops has no number in its shader, shares it with another, or is never asked for. */
export function checkKinds(): void {
  for (const [files, kinds] of Object.entries(lists)) {
    const text = files
      .split(' ')
      .map((file) => readFileSync(join(root, 'shaders', file), 'utf8'))
      .join('\n');
    const taken = new Set<string>();
    for (const kind of kinds) {
      const name = kind.replace(/[A-Z]/g, '_$&').toUpperCase();
      const number = new RegExp(`^const ${name} = (\\d+)u;$`, 'm').exec(text)?.[1];
      if (number === undefined || taken.has(number)) throw new Error(`${files}: no number of its own for ${name}`);
      if (text.match(new RegExp(`\\b${name}\\b`, 'g'))!.length < 2)
        throw new Error(`${files}: nothing is done for ${name}`);
      taken.add(number);
    }
  }
}
