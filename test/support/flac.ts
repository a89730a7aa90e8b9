/** Writes FLAC with the simplest of subframes, for tests: constant where all samples of a block are equal, else verbatim. */
export interface FlacOptions {
  readonly bits: number;
  readonly sampleRate: number;
  /** What the header says; 0 for not known. */
  readonly length: number;
  readonly block?: number;
}

class BitWriter {
  readonly bytes: number[] = [];
  #bits = 0;
  #free = 8;

  write(value: number, count: number): void {
    for (let i = count - 1; i >= 0; i--) {
      const bit = Math.floor(value / 2 ** i) & 1;
      this.#bits = (this.#bits << 1) | bit;
      if (--this.#free === 0) {
        this.bytes.push(this.#bits);
        this.#bits = 0;
        this.#free = 8;
      }
    }
  }

  align(): void {
    while (this.#free !== 8) this.write(0, 1);
  }
}

function crc(bytes: readonly number[], bits: 8 | 16, polynomial: number): number {
  let value = 0;
  for (const byte of bytes) {
    value ^= byte << (bits - 8);
    for (let i = 0; i < 8; i++) value = ((value << 1) ^ ((value >> (bits - 1)) & 1 ? polynomial : 0)) & (2 ** bits - 1);
  }
  return value;
}

export function flacBytes(channels: readonly (readonly number[])[], options: FlacOptions): Uint8Array {
  const { bits, sampleRate, length, block = 4096 } = options;
  const head = new BitWriter();
  for (const character of 'fLaC') head.write(character.charCodeAt(0), 8);
  head.write(0x80, 8);
  head.write(34, 24);
  head.write(block, 16);
  head.write(block, 16);
  head.write(0, 48);
  head.write(sampleRate, 20);
  head.write(channels.length - 1, 3);
  head.write(bits - 1, 5);
  head.write(length, 36);
  head.write(0, 128);
  const parts = [head.bytes];
  for (let start = 0, number = 0; start < channels[0].length; start += block, number++)
    parts.push(
      frame(
        channels.map((samples) => samples.slice(start, start + block)),
        number,
        bits,
      ),
    );
  return Uint8Array.from(parts.flat());
}

function frame(channels: readonly (readonly number[])[], number: number, bits: number): number[] {
  const writer = new BitWriter();
  writer.write(0xfff8, 16);
  writer.write(7, 4);
  writer.write(0, 4);
  writer.write(channels.length - 1, 4);
  writer.write(0, 4);
  writer.write(number, 8);
  writer.write(channels[0].length - 1, 16);
  writer.write(crc(writer.bytes, 8, 0x07), 8);
  for (const samples of channels) {
    const constant = samples.every((value) => value === samples[0]);
    writer.write(constant ? 0 : 2, 8);
    for (const value of constant ? samples.slice(0, 1) : samples)
      writer.write(value < 0 ? value + 2 ** bits : value, bits);
  }
  writer.align();
  writer.write(crc(writer.bytes, 16, 0x8005), 16);
  return writer.bytes;
}
