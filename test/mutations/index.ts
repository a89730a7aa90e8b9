/** All faults that `npm run mutate` puts in; none may survive. */
import { answers } from './answers.ts';
import { audio } from './audio.ts';
import { graph } from './graph.ts';
import { kernels } from './kernels.ts';
import { known } from './known.ts';
import { models } from './models.ts';
import type { Mutation } from './mutation.ts';
import { onnx } from './onnx.ts';
import { ops } from './ops.ts';
import { runtime } from './runtime.ts';
import { webgpu } from './webgpu.ts';

export const mutations: readonly Mutation[] = [
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
