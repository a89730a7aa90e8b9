/** Packed weights on the device, shared by all shapes of one graph. */
import type { Graph } from '../../graph/graph.ts';
import { type GpuDevice, usage } from './device.ts';
import { type Lowered, placesOf } from './lowered.ts';

export interface PackedWeights {
  readonly buffer: GPUBuffer;
  /** Address of one tensor, in floats. */
  address(key: string): number;
}

interface Entry extends PackedWeights {
  readonly device: GpuDevice;
  readonly signature: string;
  readonly graph: Graph;
  users: number;
}

export class WeightsCache {
  readonly #entries = new Set<Entry>();

  /** The weights of a program; made when no other program of the graph has the same ones. */
  async take(device: GpuDevice, lowered: Lowered, checkSize: (bytes: number) => void): Promise<PackedWeights> {
    const { graph } = lowered.plan;
    const signature = lowered.weights.map(({ key, length }) => `${key} ${length}`).join('\n');
    const shared = lowered.weights.every(({ own }) => !own);
    if (shared) {
      for (const entry of this.#entries) {
        if (entry.device === device && entry.graph === graph && entry.signature === signature) {
          entry.users++;
          return entry;
        }
      }
    }
    const entry = await this.#make(device, lowered, signature, checkSize);
    this.#entries.add(entry);
    return entry;
  }

  release(weights: PackedWeights): void {
    const entry = weights as Entry;
    if (--entry.users > 0) return;
    entry.buffer.destroy();
    this.#entries.delete(entry);
  }

  async #make(
    device: GpuDevice,
    lowered: Lowered,
    signature: string,
    checkSize: (bytes: number) => void,
  ): Promise<Entry> {
    const addresses = new Map<string, number>();
    let length = 0;
    for (const weights of lowered.weights) {
      addresses.set(weights.key, length);
      length += weights.length;
    }
    const bytes = 4 * Math.max(4, length);
    checkSize(bytes);
    const buffer = await device.buffer('weights', bytes, usage.storage | usage.copyTarget);
    const places = placesOf(lowered, undefined, 0);
    const packed = new Uint32Array(length);
    for (const { key, make } of lowered.weights) {
      const { buffer: words, byteOffset, length: count } = make(places);
      packed.set(new Uint32Array(words, byteOffset, count), addresses.get(key)!);
    }
    device.device.queue.writeBuffer(buffer, 0, packed);
    return { buffer, address: (key) => addresses.get(key)!, device, signature, graph: lowered.plan.graph, users: 1 };
  }
}
