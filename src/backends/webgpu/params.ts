/**
 * Where the parameters of a program's steps lie in its one uniform buffer. Steps whose kernels find their own
 * (`jobs[FIRST]` in the shader, FIRST being fixed with the pipeline) share a page, and with it a bind group that is set
 * once for all of them; the others have a page of their own, which begins with their parameters.
 */
import type { Dispatch, Kernel, Places } from './lowered.ts';
import { loadShader, writeParams } from './shaders.ts';

/**
 * Bytes that a bind group shows of the parameters; the shaders' arrays fit in, and any device allows four times as
 * much.
 */
export const pageSize = 16384;
/** Pages start at multiples of this, the default of minUniformBufferOffsetAlignment. */
const pageAlign = 256;

/** Bytes from the start: of the page, and of the first job's parameters. */
interface Place {
  readonly page: number;
  readonly at: number;
}

export class ParamsLayout {
  readonly #steps: readonly Dispatch[];
  readonly #places: readonly Place[];
  /** Bytes of the parameters for one of the modes below. */
  readonly #size: number;

  constructor(steps: readonly Dispatch[]) {
    this.#steps = steps;
    const places = new Map<Dispatch, Place>();
    let [page, end] = [0, 0];
    const [sharing, alone] = [true, false].map((shares) =>
      steps.filter(({ kernel }) => loadShader(kernel.file).capacity > 1 === shares),
    );
    for (const step of sharing) {
      const { stride } = loadShader(step.kernel.file);
      let at = page + alignTo(stride, end - page);
      if (at + step.jobs.length * stride > page + pageSize) page = at = alignTo(pageAlign, end);
      places.set(step, { page, at });
      end = at + step.jobs.length * stride;
    }
    for (const step of alone) {
      const at = alignTo(pageAlign, end);
      places.set(step, { page: at, at });
      end = at + loadShader(step.kernel.file).stride;
    }
    this.#places = steps.map((step) => places.get(step)!);
    this.#size = alignTo(pageAlign, end);
  }

  /** The kernel of a step with what tells it where its parameters are. */
  kernel(step: number): Kernel {
    const { kernel } = this.#steps[step];
    const { page, at } = this.#places[step];
    const first = (at - page) / loadShader(kernel.file).stride;
    return first > 0 ? { ...kernel, constants: { ...kernel.constants, FIRST: first } } : kernel;
  }

  /** Where a step's page begins; `mode` counts the lists of parameters that `pack` was given. */
  page(step: number, mode: number): number {
    return mode * this.#size + this.#places[step].page;
  }

  /**
   * The whole buffer: the parameters of all steps, once for each of the modes. A page can be shown from wherever one
   * begins.
   */
  pack(modes: readonly Places[]): Uint32Array<ArrayBuffer> {
    const words = new Uint32Array((modes.length * this.#size + pageSize) / 4);
    modes.forEach((places, mode) => {
      this.#steps.forEach(({ kernel, jobs }, i) => {
        const shader = loadShader(kernel.file);
        const from = (mode * this.#size + this.#places[i].at) / 4;
        jobs.forEach((params, job) =>
          writeParams(shader, params(places), words.subarray(from + (job * shader.stride) / 4)),
        );
      });
    });
    return words;
  }
}

function alignTo(unit: number, bytes: number): number {
  return Math.ceil(bytes / unit) * unit;
}
