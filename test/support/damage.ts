/** Files as disks, networks and other programs leave them. */
import type { Random } from './random.ts';

/** One damaged copy; the kinds take turns by `kind`. */
export function damaged(file: Uint8Array, kind: number, { below }: Random): Uint8Array {
  const bytes = Buffer.from(file);
  const length = Math.max(1, bytes.length);
  switch (kind % 6) {
    case 0: // cut off
      return bytes.subarray(0, below(length));
    case 1: // bits flipped
      for (let i = 0; i < 1 + below(20); i++) bytes[below(length)] ^= 1 << below(8);
      return bytes;
    case 2: {
      // a hole of zeros
      const at = below(length);
      return bytes.fill(0, at, Math.min(bytes.length, at + below(2000)));
    }
    case 3: // a wrong header
      for (let i = 0; i < 1 + below(10); i++) bytes[below(Math.min(200, length))] = below(256);
      return bytes;
    case 4: {
      // bytes lost in the middle
      const at = below(length);
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + below(1000))]);
    }
    default: {
      // bytes that were never there
      const at = below(length);
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(Array.from({ length: below(500) }, () => below(256))),
        bytes.subarray(at),
      ]);
    }
  }
}
