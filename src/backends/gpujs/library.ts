/**
 * gpu.js itself. The build bundles it into this one file (package.json, build:gpujs): installed as a dependency it
 * would bring a second WebGPU and a native OpenGL that compiles for minutes, and use neither.
 */
import gpujs from 'gpu.js';

export const { GPU } = gpujs;
export type GPU = InstanceType<typeof GPU>;
