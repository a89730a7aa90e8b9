import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Analyzer } from '../src/analyzer.ts';
import { openWasm } from '../src/backends/wasm/index.ts';
import { type Pool, Programs } from '../src/programs.ts';
import { loadModel } from '../src/models/model-file.ts';
import { noise } from './backends/network.ts';

const weights = new URL('../weights/speech.model', import.meta.url).pathname;
const models = new Map([['speech', await loadModel(weights)]]);

/** The batch sizes in which so many chunks of so many steps go to a pool of two threads. */
async function batches(chunks: number, steps: number): Promise<number[]> {
  const sizes: number[] = [];
  const pool: Pool = {
    threads: 2,
    run: async (_graph, { batch }) => {
      sizes.push(batch!);
      // As if it took its time, so that the other thread's share is taken meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 50));
      return [new Float32Array(batch! * steps * models.get('speech')!.labels.length)];
    },
    dispose: async () => {},
  };
  const analyzer = new Analyzer(new Programs(await openWasm(), models, pool), models);
  const pcm = noise(steps * 1024);
  await Promise.all(Array.from({ length: chunks }, () => analyzer.analyzeChunk(pcm, ['speech'])));
  await analyzer.dispose();
  return sizes;
}

test('analyzer: what waits is shared among the threads', async () => {
  assert.equal(await batches(8, 64), [4, 4]);
  assert.equal(await batches(16, 16), [8, 8]);
  assert.equal(await batches(2, 64), [1, 1]);
  assert.is((await batches(256, 16)).reduce((sum, size) => sum + size), 256);
});

test('analyzer: little work stays one batch, on the thread of the caller', async () => {
  assert.equal(await batches(1, 64), []);
  assert.equal(await batches(2, 16), []);
  assert.equal(await batches(8, 1), []);
});

test.run();
