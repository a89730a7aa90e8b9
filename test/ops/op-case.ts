/** What the table of ops holds of each: cases that every backend runs, its formula, and what it carries along a stream. */
import type { Attributes, Graph } from '../../src/graph/graph.ts';
import { type Shape, sizeOf, type Tensor } from '../../src/graph/tensor.ts';
import { type ActivationName, type FusedActivation, fusedActivations } from '../../src/ops/activation.ts';
import { seeded } from '../support/random.ts';
import type { Formula } from './naive/values.ts';

/** A graph of one node. Where the op can be streamed, tests also run it in pieces and compare with the whole. */
export interface OpCase {
  readonly title: string;
  readonly graph: Graph;
  readonly inputs: readonly Tensor[];
}

export interface CaseOptions {
  readonly attributes?: Attributes;
  /** Shapes of inputs that are constants, in order behind the others; null leaves one out. */
  readonly constants?: readonly (Shape | null)[];
  readonly outputs?: number;
  /** Scale of the random inputs. */
  readonly scale?: number;
  /** Inputs above 0 only, or below. */
  readonly positive?: boolean;
  readonly negative?: boolean;
  /** Inputs are multiples of this. */
  readonly grid?: number;
  readonly type?: 'int16';
}

/** Builds a case; random numbers are seeded by the title, so each case keeps its numbers when others come or go. */
export function opCase(op: string, title: string, shapes: readonly Shape[], options: CaseOptions = {}): OpCase {
  const random = seeded(`${op} ${title}`);
  const { attributes = {}, constants = [], outputs = 1, scale = 1, positive, negative, grid, type } = options;
  const signed = (value: number): number =>
    positive ? Math.abs(value) + 0.01 : negative ? -Math.abs(value) - 0.01 : value;
  const draw = (shape: Shape, size: number): Tensor => {
    const data = type === 'int16' ? new Int16Array(sizeOf(shape)) : new Float32Array(sizeOf(shape));
    for (let i = 0; i < data.length; i++) {
      const value = random.normal() * size;
      data[i] = grid ? Math.round(value / grid) * grid : signed(value);
    }
    return { shape, data };
  };
  const names = [...shapes.map((_, i) => `x${i}`), ...constants.map((shape, i) => (shape ? `c${i}` : ''))];
  return {
    title: `${op}: ${title}`,
    inputs: shapes.map((shape) => draw(shape, scale)),
    graph: {
      inputs: shapes.map((shape, i) => ({ name: `x${i}`, shape, type: type ?? 'float32' })),
      nodes: [{ name: op, op, inputs: names, outputs: Array.from({ length: outputs }, (_, i) => `y${i}`), attributes }],
      constants: new Map(
        constants.flatMap((shape, i) => {
          if (!shape) return [];
          const fanIn = shape.length > 1 ? sizeOf(shape.slice(0, -1)) : 4;
          const tensor = {
            shape,
            data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal() / Math.sqrt(fanIn)),
          };
          return [[`c${i}`, tensor] as const];
        }),
      ),
      outputs: Array.from({ length: outputs }, (_, i) => `y${i}`),
    },
  };
}

/** What an op carries at these shapes, batch left off; `whole` where all of time must be there at once. */
export type Carried = readonly [
  title: string,
  shapes: readonly Shape[],
  attributes: Attributes,
  state: readonly Shape[] | 'whole',
  outputs?: number,
];

export interface OpRows {
  /** The formula written a second time, in loops that share no code with src/ops. */
  readonly formula: Formula;
  readonly carries: readonly Carried[];
  /** Attributes that are one of a few words, each with the word that a case may leave out because it is the default. */
  readonly choices?: Readonly<Record<string, string | undefined>>;
  /** Odd sizes, batch 1 and 7, time 1, and every choice of every attribute. */
  readonly cases: readonly OpCase[];
}

/** `alpha` and `beta` other than the defaults, so that a kernel which leaves them alone is seen. */
export const parameters: Partial<Record<ActivationName, Attributes>> = {
  leakyRelu: { alpha: 0.2 },
  elu: { alpha: 0.7 },
  hardSigmoid: { alpha: 0.3, beta: 0.4 },
  clip: { alpha: -0.5, beta: 0.8 },
};

/** A case for each activation that a kernel may apply to its result. */
export function thenActivations(make: (activation: FusedActivation, attributes: Attributes) => OpCase): OpCase[] {
  return fusedActivations.map((activation) => make(activation, { activation, ...parameters[activation] }));
}

export function twice(shape: Shape): readonly Shape[] {
  return [shape, shape];
}

/** Shapes that many rows of `carries` share: values of one and of two axes behind the batch and time, a kernel. */
export const x: Shape = [2, 8, 6];
export const x4: Shape = [2, 8, 5, 6];
export const w: Shape = [3, 6, 4];
