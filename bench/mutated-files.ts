/**
 * Do spoilt files ever crash, hang or bloat the converter or the reader of model files?
 * usage: node --import tsx bench/mutated-files.ts [COUNT]     (default 10000)
 */

import { ConversionError, ModelFileError } from '../src/errors.ts';
import { readModel, writeModel } from '../src/models/model-file.ts';
import { lower } from '../src/onnx/lowered.ts';
import { tinyModel } from '../test/models/tiny-model.ts';
import { mutants } from '../test/onnx/mutants.ts';
import { seeded } from '../test/support/random.ts';

const count = Number(process.argv[2] ?? 10_000);

interface Tally {
  accepted: number;
  refused: number;
  slowest: number;
  slowestCase: string;
  readonly faults: string[];
}

function run(
  cases: Iterable<readonly [string, Uint8Array]>,
  read: (bytes: Uint8Array) => unknown,
  own: new (...args: never[]) => Error,
): Tally {
  const tally: Tally = { accepted: 0, refused: 0, slowest: 0, slowestCase: '', faults: [] };
  for (const [about, bytes] of cases) {
    const start = performance.now();
    try {
      read(bytes);
      tally.accepted++;
    } catch (error) {
      if (error instanceof own) tally.refused++;
      else tally.faults.push(`${about}: ${(error as Error).stack}`);
    }
    const took = performance.now() - start;
    if (took > tally.slowest) Object.assign(tally, { slowest: took, slowestCase: about });
  }
  return tally;
}

function* spoiltModels(): Generator<readonly [string, Uint8Array]> {
  const random = seeded('spoilt models');
  const original = writeModel(tinyModel());
  for (let i = 0; i < count; i++) {
    const bytes = original.slice(0, random.below(4) === 0 ? random.below(original.length) : original.length);
    for (let flips = random.below(5); flips >= 0 && bytes.length > 0; flips--)
      bytes[random.below(bytes.length)] ^= 1 << random.below(8);
    yield [`model ${i}`, bytes];
  }
}

for (const [what, tally] of [
  ['ONNX files', run(mutants(count), (bytes) => lower(bytes, 'net.onnx'), ConversionError)],
  ['model files', run(spoiltModels(), (bytes) => readModel(bytes), ModelFileError)],
] as const) {
  console.log(
    `${what}: ${tally.accepted} accepted, ${tally.refused} refused, ${tally.faults.length} faults; slowest ${tally.slowest.toFixed(0)} ms (${tally.slowestCase})`,
  );
  for (const fault of tally.faults.slice(0, 5)) console.log(fault);
  if (tally.faults.length > 0) process.exitCode = 1;
}
console.log(`largest memory: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
