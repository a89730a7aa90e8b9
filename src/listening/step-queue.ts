import { stepSamples } from '../audio/format.ts';

/** Steps at a time: as many as one run of a program takes, so that long audio is analysed in few, full runs. */
export const stepsAtATime = 64;

/** Samples a channel that an empty queue keeps room for: what waits for a run and what comes while it is computed. */
const keptRoom = 2 * stepsAtATime * stepSamples;

/**
 * Whole steps that wait to be heard, a buffer for each channel; the buffers grow with what waits and are used again.
 */
export class StepQueue {
  #waiting: Int16Array[] = [];
  #taken: Int16Array[] = [];
  /** Where in the buffers the waiting samples begin and end. */
  #start = 0;
  #end = 0;

  get steps(): number {
    return (this.#end - this.#start) / stepSamples;
  }

  /** Copies a block of whole steps, block[i] of the i-th channel, all of the same length. */
  push(block: readonly Int16Array[]): void {
    const { length } = block[0];
    if (length === 0) return;
    this.#makeRoom(block.length, length);
    for (let i = 0; i < block.length; i++) this.#waiting[i].set(block[i], this.#end);
    this.#end += length;
  }

  /** At most stepsAtATime steps, fewer where fewer wait. They hold until the next call. */
  take(): readonly Int16Array[] {
    const end = Math.min(this.#start + stepsAtATime * stepSamples, this.#end);
    if (this.#taken[0]?.length !== end - this.#start)
      this.#taken = this.#waiting.map(() => new Int16Array(end - this.#start));
    for (let i = 0; i < this.#waiting.length; i++) this.#taken[i].set(this.#waiting[i].subarray(this.#start, end));
    this.#start = end;
    if (this.#start === this.#end) this.clear();
    return this.#taken;
  }

  /** Nothing waits any more, and what many waiting steps have taken is given back. */
  clear(): void {
    this.#start = this.#end = 0;
    if ((this.#waiting[0]?.length ?? 0) > keptRoom) this.#waiting = [];
  }

  #makeRoom(channels: number, length: number): void {
    const room = this.#waiting[0]?.length ?? 0;
    if (this.#end + length <= room) return;
    const waiting = this.#end - this.#start;
    if (waiting + length <= room) {
      for (const buffer of this.#waiting) buffer.copyWithin(0, this.#start, this.#end);
    } else {
      const larger = Array.from({ length: channels }, () => new Int16Array(Math.max(2 * room, waiting + length)));
      this.#waiting.forEach((buffer, i) => larger[i].set(buffer.subarray(this.#start, this.#end)));
      this.#waiting = larger;
    }
    this.#start = 0;
    this.#end = waiting;
  }
}
