import { GraphError } from '../../../errors.ts';
import { type FrameGeometry, filterBank, hannWindow } from '../../../features/definition.ts';
import { logMelGeometry } from '../../../ops/logmel.ts';
import type { Builder, Lower } from './builder.ts';

/** Indices in the order in which the stages of assembly/spectrum.ts want them: the last stage's parts first. */
function stageOrder(indices: readonly number[]): number[] {
  if (indices.length === 1) return [...indices];
  const parts = Math.log2(indices.length) % 2 === 0 ? 4 : 2;
  return Array.from({ length: parts }, (_, part) => stageOrder(indices.filter((_, i) => i % parts === part))).flat();
}

/** cos and -sin of 2 pi k / length. */
function factor(k: number, length: number): [number, number] {
  return [Math.cos((2 * Math.PI * k) / length), -Math.sin((2 * Math.PI * k) / length)];
}

function stageFactors(half: number): number[] {
  const factors: number[] = [];
  let span = 4;
  for (; span * 4 <= half; span *= 4) {
    for (let k = 0; k < span; k++) for (const multiple of [1, 2, 3]) factors.push(...factor(multiple * k, 4 * span));
  }
  if (span < half) for (let k = 0; k < span; k++) factors.push(...factor(k, 2 * span));
  return factors;
}

interface Tables {
  readonly order: Int32Array;
  readonly window: Float32Array;
  readonly factors: Float32Array;
  readonly split: Float32Array;
  readonly filters: Int32Array;
  readonly filterWeights: Float32Array;
}

const known = new Map<string, Tables>();

function tablesOf(geometry: FrameGeometry): Tables {
  const key = Object.values(geometry).join();
  let tables = known.get(key);
  if (tables) return tables;
  const half = geometry.frame / 2;
  const order = stageOrder(Array.from({ length: half }, (_, i) => i));
  const window = hannWindow(geometry.frame);
  const bank = filterBank(geometry);
  tables = {
    order: Int32Array.from(order, (pair) => 8 * pair),
    window: Float32Array.from(order.flatMap((pair) => [window[2 * pair], window[2 * pair + 1]])),
    factors: Float32Array.from(stageFactors(half)),
    split: Float32Array.from(Array.from({ length: half / 2 + 1 }, (_, k) => factor(k, geometry.frame)).flat()),
    filters: Int32Array.from(Array.from(bank.starts, (start, band) => [start, bank.lengths[band]]).flat()),
    filterWeights: bank.weights,
  };
  known.set(key, tables);
  return tables;
}

export const logmel: Lower = (planned, to: Builder) => {
  const { node, inputShapes } = planned;
  const geometry = logMelGeometry(node);
  const { frame, hop, bands } = geometry;
  if (frame < 8 || !Number.isInteger(Math.log2(frame)))
    throw new GraphError(node, `the cpu backend needs frames of a power of two, 8 or more, got ${frame}`);
  const [batch, samples] = inputShapes[0] as [number, number];
  const state = to.state(planned);
  const tables = tablesOf(geometry);
  const table = (name: keyof Tables): number => to.numbers(tables, name, tables[name]);
  to.code.emit('logMel', {
    x: to.address(node.inputs[0]),
    isInt16: Number(to.isInt16(node.inputs[0])),
    batch,
    samples,
    frame,
    hop,
    bands,
    ...state,
    joined: to.scratch(batch * (frame - hop + samples)),
    work: to.scratch(4 * frame),
    power: to.scratch(2 * frame),
    order: table('order'),
    window: table('window'),
    factors: table('factors'),
    split: table('split'),
    filters: table('filters'),
    filterWeights: table('filterWeights'),
    y: to.address(node.outputs[0]),
  });
};
