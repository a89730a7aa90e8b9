/** Everything a prepared program owns on one device. Made once; a run makes no GPU object that outlives it. */
import { ArgumentError, DeviceLimitError } from '../../errors.ts';
import type { TensorData } from '../../graph/tensor.ts';
import { type GpuDevice, usage } from './device.ts';
import { type Lowered, placesOf } from './lowered.ts';
import { ParamsLayout, pageSize } from './params.ts';
import { PassTimer } from './pass-timer.ts';
import type { PackedWeights, WeightsCache } from './weights.ts';

interface BoundDispatch {
  readonly pipeline: GPUComputePipeline;
  /** By whether the run continues a stream. */
  readonly groups: readonly [GPUBindGroup, GPUBindGroup | undefined];
  readonly grid: readonly [number, number, number];
}

/** A buffer that results are brought back in, and the arrays they are handed out in. */
interface Slot {
  buffer: GPUBuffer;
  readonly outputs: readonly Float32Array[];
  /** The run that uses it now. */
  busy: Promise<unknown> | undefined;
}

/** Of the runs that are under way, one more: while others compute, it is being read. */
const readAhead = 1;

/**
 * Up to so many bytes, room to bring state back is made with the program; more waits for the first run that has a
 * state.
 */
const smallState = 1 << 20;
const mapRead = 0x1;

export class Resources {
  #next = 0;
  readonly device: GpuDevice;
  readonly lowered: Lowered;
  readonly weights: PackedWeights;
  readonly #arena: GPUBuffer;
  readonly #uniforms: GPUBuffer;
  readonly #dispatches: readonly BoundDispatch[];
  readonly #slots: readonly Slot[];
  readonly #timer: PassTimer | undefined;
  #passSeconds: number | undefined;

  private constructor(
    device: GpuDevice,
    lowered: Lowered,
    weights: PackedWeights,
    arena: GPUBuffer,
    uniforms: GPUBuffer,
    dispatches: readonly BoundDispatch[],
    slots: readonly Slot[],
    timer: PassTimer | undefined,
  ) {
    this.device = device;
    this.lowered = lowered;
    this.weights = weights;
    this.#arena = arena;
    this.#uniforms = uniforms;
    this.#dispatches = dispatches;
    this.#slots = slots;
    this.#timer = timer;
  }

  /** `underWay`: runs that may be under way at once. */
  static async make(device: GpuDevice, lowered: Lowered, cache: WeightsCache, underWay = 2): Promise<Resources> {
    const made: GPUBuffer[] = [];
    const buffer = async (what: string, size: number, usages: number, bound = true): Promise<GPUBuffer> => {
      checkSize(device, size, bound);
      const fresh = await device.buffer(what, size, usages);
      made.push(fresh);
      return fresh;
    };
    let weights: PackedWeights | undefined;
    try {
      // First, so that nothing is compiled for values that find no room.
      const arena = await buffer(
        'values',
        4 * Math.max(4, lowered.arenaLength),
        usage.storage | usage.copySource | usage.copyTarget,
      );
      const layout = new ParamsLayout(lowered.steps);
      const pipelines = Promise.all(lowered.steps.map((_, i) => device.pipeline(layout.kernel(i))));
      // Awaited last; a failure before that must not leave its rejection unheard.
      pipelines.catch(() => undefined);
      for (const { address, tensor } of lowered.fixed)
        device.device.queue.writeBuffer(arena, 4 * address, Float32Array.from(tensor.data));
      weights = await cache.take(device, lowered, (size) => checkSize(device, size, true));
      // For a run that starts from nothing, and where there is state, for one that goes on.
      const modes = lowered.plan.stateLength > 0 ? ([0, 1] as const) : ([0] as const);
      const words = layout.pack(modes.map((streaming) => placesOf(lowered, weights, streaming)));
      const uniforms = await buffer('parameters', words.byteLength, usage.uniform | usage.copyTarget, false);
      device.device.queue.writeBuffer(uniforms, 0, words);
      const slots: Slot[] = [];
      const size = 4 * resultLength(lowered, 4 * lowered.plan.batch * lowered.plan.stateLength <= smallState);
      for (let i = 0; i < underWay + readAhead; i++) {
        const staging = await buffer('results', size, usage.mapRead | usage.copyTarget, false);
        slots.push({
          buffer: staging,
          outputs: lowered.outputs.map(({ length }) => new Float32Array(length)),
          busy: undefined,
        });
      }
      const dispatches = makeDispatches(device, lowered, layout, await pipelines, uniforms, weights.buffer, arena);
      const timer = device.device.features.has('timestamp-query') ? new PassTimer(device.device) : undefined;
      return new Resources(device, lowered, weights, arena, uniforms, dispatches, slots, timer);
    } catch (error) {
      made.forEach((each) => each.destroy());
      if (weights) cache.release(weights);
      throw error;
    }
  }

  /** Runs once; everything up to the submission happens before this returns, if a slot is free. */
  async run(inputs: readonly TensorData[], state: Float32Array | undefined): Promise<Float32Array[]> {
    const slot = this.#slots[this.#next];
    this.#next = (this.#next + 1) % this.#slots.length;
    while (slot.busy) await slot.busy.catch(() => undefined);
    const size = 4 * resultLength(this.lowered, state !== undefined);
    if (slot.buffer.size < size) await this.#enlarge(slot, size);
    const mapped = this.#submit(inputs, state, slot.buffer);
    slot.busy = mapped;
    try {
      await mapped;
      this.#passSeconds = await this.#timer?.seconds();
      this.device.checkFault();
      return this.#read(slot, state);
    } finally {
      if (slot.buffer.mapState === 'mapped') slot.buffer.unmap();
      slot.busy = undefined;
    }
  }

  async #enlarge(slot: Slot, size: number): Promise<void> {
    checkSize(this.device, size, false);
    const larger = this.device.buffer('results', size, usage.mapRead | usage.copyTarget);
    slot.busy = larger;
    try {
      const fresh = await larger;
      slot.buffer.destroy();
      slot.buffer = fresh;
    } finally {
      slot.busy = undefined;
    }
  }

  #submit(inputs: readonly TensorData[], state: Float32Array | undefined, staging: GPUBuffer): Promise<unknown> {
    const { device, lowered } = this;
    const arena = this.#arena;
    const dispatches = this.#dispatches;
    const { queue } = device.device;
    lowered.inputs.forEach(({ address, packed }, i) =>
      queue.writeBuffer(arena, 4 * address, asStored(inputs[i], packed)),
    );
    const streaming = state !== undefined && lowered.plan.stateLength > 0;
    if (streaming) queue.writeBuffer(arena, 4 * lowered.stateIn, state as Float32Array<ArrayBuffer>);
    const encoder = device.device.createCommandEncoder();
    const pass = encoder.beginComputePass(this.#timer && { timestampWrites: this.#timer.writes });
    let pipeline: GPUComputePipeline | undefined;
    let group: GPUBindGroup | undefined;
    for (const dispatch of dispatches) {
      if (dispatch.pipeline !== pipeline) pass.setPipeline((pipeline = dispatch.pipeline));
      const own = streaming ? dispatch.groups[1]! : dispatch.groups[0];
      if (own !== group) pass.setBindGroup(0, (group = own));
      pass.dispatchWorkgroups(dispatch.grid[0], dispatch.grid[1], dispatch.grid[2]);
    }
    pass.end();
    this.#timer?.resolve(encoder);
    const size = 4 * resultLength(lowered, streaming);
    encoder.copyBufferToBuffer(arena, 0, staging, 0, size);
    queue.submit([encoder.finish()]);
    return staging.mapAsync(mapRead, 0, size);
  }

  #read({ buffer, outputs }: Slot, state: Float32Array | undefined): Float32Array[] {
    const { lowered } = this;
    const streaming = state !== undefined && lowered.plan.stateLength > 0;
    const results = new Float32Array(buffer.getMappedRange(0, 4 * resultLength(lowered, streaming)));
    lowered.outputs.forEach(({ address, length }, i) => outputs[i].set(results.subarray(address, address + length)));
    if (streaming) state.set(results.subarray(lowered.stateOut, lowered.stateOut + state.length));
    return [...outputs];
  }

  get passSeconds(): number | undefined {
    return this.#passSeconds;
  }

  /** Resolves when no run is under way. */
  async idle(): Promise<void> {
    for (const slot of this.#slots) while (slot.busy) await slot.busy.catch(() => undefined);
  }

  destroy(cache: WeightsCache): void {
    this.#arena.destroy();
    this.#uniforms.destroy();
    this.#timer?.destroy();
    for (const { buffer } of this.#slots) buffer.destroy();
    cache.release(this.weights);
  }
}

/** Floats that one copy brings back: the outputs, and where a stream goes on the state behind them. */
function resultLength({ resultLength: outputs, stateOut, plan }: Lowered, streaming: boolean): number {
  return streaming && plan.stateLength > 0 ? stateOut + plan.batch * plan.stateLength : outputs;
}

function checkSize({ limits }: GpuDevice, size: number, bound: boolean): void {
  if (size > limits.maxBufferSize) throw new DeviceLimitError('maxBufferSize', size, limits.maxBufferSize);
  if (bound && size > limits.maxStorageBufferBindingSize) {
    throw new DeviceLimitError('maxStorageBufferBindingSize', size, limits.maxStorageBufferBindingSize);
  }
}

/** Throws ArgumentError unless inputs and state have the sizes of the plan. */
export function checkRun(
  { inputs: expected, plan }: Lowered,
  inputs: readonly TensorData[],
  state: Float32Array | undefined,
): void {
  if (inputs.length !== expected.length)
    throw new ArgumentError('inputs', `${inputs.length} tensors`, `${expected.length} tensors`);
  expected.forEach(({ length }, i) => {
    if (inputs[i].length !== length)
      throw new ArgumentError(`inputs[${i}]`, `${inputs[i].length} elements`, `${length} elements`);
  });
  const stateLength = plan.batch * plan.stateLength;
  if (state && state.length !== stateLength)
    throw new ArgumentError('state', `${state.length} floats`, `${stateLength} floats`);
}

/** int16 that only log-mel hears goes up as it is, everything else as floats. */
function asStored(data: TensorData, packed: boolean): Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer> {
  const stored = packed
    ? data instanceof Int16Array
      ? data
      : Int16Array.from(data)
    : data instanceof Float32Array
      ? data
      : Float32Array.from(data);
  return stored as Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
}

function makeDispatches(
  { device, groupLayout }: GpuDevice,
  { steps, plan }: Lowered,
  layout: ParamsLayout,
  pipelines: readonly GPUComputePipeline[],
  uniforms: GPUBuffer,
  weights: GPUBuffer,
  arena: GPUBuffer,
): BoundDispatch[] {
  const groups = new Map<number, GPUBindGroup>();
  const group = (page: number): GPUBindGroup => {
    let made = groups.get(page);
    if (!made) {
      made = device.createBindGroup({
        layout: groupLayout,
        entries: [
          { binding: 0, resource: { buffer: uniforms, offset: page, size: pageSize } },
          { binding: 1, resource: { buffer: weights } },
          { binding: 2, resource: { buffer: arena } },
          { binding: 3, resource: { buffer: weights } },
        ],
      });
      groups.set(page, made);
    }
    return made;
  };
  return steps.map(({ grid }, i) => ({
    pipeline: pipelines[i],
    groups: [group(layout.page(i, 0)), plan.stateLength > 0 ? group(layout.page(i, 1)) : undefined],
    grid,
  }));
}
