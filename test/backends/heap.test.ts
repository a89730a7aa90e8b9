/** The memory of the CPU backend: pieces never overlap, and what is free again is used again. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Heap } from '../../src/backends/wasm/heap.ts';
import { seeded } from '../support/random.ts';

test('pieces stand apart, aligned, in memory that is there', () => {
  const random = seeded('heap');
  const heap = new Heap();
  const held = new Map<number, number>();
  for (let turn = 0; turn < 2000; turn++) {
    if (held.size > 0 && random.uniform() < 0.5) {
      const address = [...held.keys()][random.below(held.size)];
      heap.free(address);
      held.delete(address);
    } else {
      const bytes = random.below(20000);
      const address = heap.allocate(bytes);
      assert.is(address % 64, 0);
      assert.ok(address > 0 && address + bytes <= heap.byteLength);
      for (const [other, size] of held) assert.ok(address + bytes <= other || other + size <= address);
      held.set(address, Math.max(bytes, 1));
    }
  }
});

test('neighbours that are free become one piece, in whatever order they were given back', () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [0, 2, 1],
    [1, 0, 2],
  ]) {
    const heap = new Heap();
    const pieces = [0, 1, 2].map(() => heap.allocate(10_000));
    heap.allocate(64);
    for (const i of order) heap.free(pieces[i]);
    assert.is(heap.allocate(30_000), pieces[0]);
  }
});

test('a piece is given back once', () => {
  const heap = new Heap();
  const address = heap.allocate(100);
  heap.free(address);
  assert.throws(() => heap.free(address), /nothing is allocated at/);
  assert.throws(() => heap.free(1), /nothing is allocated at/);
});

test('memory grows by what is needed, and only where nothing free is large enough', () => {
  const heap = new Heap();
  const before = heap.byteLength;
  const large = heap.allocate(1 << 20);
  assert.ok(heap.byteLength >= before + (1 << 20));
  const grown = heap.byteLength;
  heap.free(large);
  assert.is(heap.allocate(1 << 20), large);
  assert.is(heap.byteLength, grown);
});

test.run();
