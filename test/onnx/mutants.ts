/** Spoilt ONNX files: bits flipped, ends cut off, stretches repeated, lengths and numbers grown. The same every time. */
import { seeded } from '../support/random.ts';
import { buildOnnx } from './build.ts';
import { recurrentCases } from './cases/recurrent.ts';
import { shapeCases } from './cases/shapes.ts';
import { windowCases } from './cases/windows.ts';

export function* mutants(count: number): Generator<readonly [about: string, bytes: Uint8Array]> {
  const random = seeded('mutants');
  const originals = [...windowCases, ...shapeCases, ...recurrentCases];
  for (let i = 0; i < count; i++) {
    const original = originals[random.below(originals.length)];
    let bytes = buildOnnx(original);
    const changes = 1 + random.below(4);
    let kinds = '';
    for (let change = 0; change < changes; change++) {
      const at = random.below(bytes.length);
      const kind = random.below(6);
      kinds += kind;
      if (kind <= 1) {
        bytes = bytes.slice();
        bytes[at] ^= 1 << random.below(8);
      } else if (kind === 2) {
        bytes = bytes.slice(0, at);
        if (bytes.length === 0) break;
      } else if (kind === 3) {
        bytes = Uint8Array.from([
          ...bytes.subarray(0, at),
          ...bytes.subarray(at, at + random.below(40)),
          ...bytes.subarray(at),
        ]);
      } else if (kind === 4) {
        // A varint that says billions where it said little.
        bytes = Uint8Array.from([...bytes.subarray(0, at), 0xff, 0xff, 0xff, 0xff, 0x07, ...bytes.subarray(at + 1)]);
      } else {
        bytes = bytes.slice();
        bytes.fill(random.below(256), at, at + random.below(12));
      }
    }
    yield [`mutant ${i} of "${original.title}" (${kinds})`, bytes];
  }
}
