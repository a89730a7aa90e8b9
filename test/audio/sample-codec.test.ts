/** Samples in containers that are wider than they are. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pcmCodec } from '../../src/audio/sample-codec.ts';

const layout = { channels: 1, sampleRate: 8000, kind: 'signed', width: 4, bits: 24 } as const;
const bytesOf = (values: readonly number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);

test('24 bits in the high bytes of 32, or in the low ones: told by the first block that is not silent', () => {
  for (const [shift, expected] of [
    [8, [0.5, -0.25]],
    [0, [0.5, -0.25]],
  ] as const) {
    const codec = pcmCodec(layout);
    assert.equal([...codec.decode(bytesOf([0, 0]))[0]], [0, 0]);
    const values = expected.map((value) => value * 2 ** 23 * 2 ** shift);
    assert.equal([...codec.decode(bytesOf(values))[0]], expected);
    // What was told stays, also for a quiet block.
    assert.equal([...codec.decode(bytesOf([2 ** shift]))[0]], [2 ** -23]);
  }
});

test.run();
