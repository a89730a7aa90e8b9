/** All faults that `npm run mutate` puts in; none may survive. */
import { answers } from './answers.ts';
import { audio } from './audio.ts';
import { graph } from './graph.ts';
import { kernels } from './kernels.ts';
import { known } from './known.ts';
import { models } from './models.ts';
import { type Mutation, needsGpu } from './mutation.ts';
import { onnx } from './onnx.ts';
import { ops } from './ops.ts';
import { runtime } from './runtime.ts';
import { webgpu } from './webgpu.ts';

const all: readonly Mutation[] = [
  ...known,
  ...answers,
  ...audio,
  ...runtime,
  ...graph,
  ...models,
  ...onnx,
  ...ops,
  ...kernels,
  ...webgpu,
];

/** The short form: what once survived, and the first fault of every other file that takes no GPU and no compiler. */
const isShort = (mutation: Mutation): boolean =>
  known.includes(mutation) ||
  (!needsGpu(mutation) &&
    !mutation.file.includes('/assembly/') &&
    all.find(({ file }) => file === mutation.file) === mutation);

export const mutations: readonly Mutation[] = all.map((mutation) => ({ ...mutation, short: isShort(mutation) }));
