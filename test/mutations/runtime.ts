/** Jobs into runs, runs into programs, threads. */
import { inFile } from './mutation.ts';

const batcher = 'test/runtime/batcher.test.ts';
const programs = 'test/runtime/programs.test.ts';
const engine = 'test/engine.test.ts';
const pool = 'test/backends/pool.test.ts';
const heap = 'test/backends/heap.test.ts';

export const runtime = [
  ...inFile('src/runtime/batcher.ts', [
    ['if (!(error instanceof DeviceMemoryError)) this.#fitting', 'this.#fitting', batcher],
    ['for (const job of jobs) job.reject(own);', 'jobs[0].reject(own);', batcher],
    ['job.steps === first.steps &&', '', batcher],
    ['sameIds(job.ids, first.ids)', 'true', batcher],
    ['!job.stream === !first.stream &&', '', batcher],
    ['inputs.fill(0, i * samples + job.pcm.length, (i + 1) * samples);', '', batcher],
    ['else states?.fill(0, i * stateLength, (i + 1) * stateLength);', '', batcher],
    ['states!.subarray(i * stateLength, (i + 1) * stateLength)', 'states!.subarray(0, stateLength)', batcher],
    ['numbersOf(outputs[n], i * row, i * row + used)', 'numbersOf(outputs[n], 0, used)', batcher],
    ['if (this.#disposed) throw', 'if (false) throw', batcher],
    ['pcm.subarray(done * stepSamples', 'pcm.subarray(0 * stepSamples', engine],
    ['chunkRuns.find((length) => length >= steps)', 'chunkRuns.find((length) => length > steps)', batcher],
  ]),
  ...inFile('src/runtime/programs.ts', [
    ['this.#programs.delete(key);\n    } else', '} else', programs],
    ['await this.#free(0);', '', programs],
    ['kept.users--;', '', programs],
    [
      'fresh.program.catch(() => this.#programs.get(key) === fresh && this.#programs.delete(key));',
      'fresh.program.catch(() => {});',
      programs,
    ],
    ['`${ids.join()} ${batch}x${steps}`', '`${ids.join()} ${batch * steps}`', [programs, engine]],
    ['this.#backend.dispose();', '', programs],
  ]),
  ...inFile('src/backends/wasm/pool.ts', [
    ['++job.attempts < mostAttempts', '++job.attempts <= mostAttempts', pool],
    ['this.#queue.unshift(job)', 'void job', pool],
    ['known.graph === graph && known.key === key', 'known.graph === graph', pool],
    ['this.#backend.release(compiled);', '', pool],
    ['if (--this.#busy === 0) this.#holdProcess(false);', '--this.#busy;', pool],
    ['this.#refuse(new DisposedError(', 'void (new DisposedError(', pool],
    ['Atomics.store(this.#words, told, 0);', '', pool],
  ]),
  ...inFile('src/backends/wasm/heap.ts', [
    ['if (last?.to === piece.from) last.to = piece.to;\n      else merged', 'merged', heap],
    ['this.#sizes.delete(address);', '', heap],
  ]),
];
