/** Writes single frames of FLAC in every form that RFC 9639 has, for the decoder under test. */

/** How the samples of one channel are written. */
export type Subframe =
  | { readonly kind: 'constant' | 'verbatim' }
  | { readonly kind: 'fixed'; readonly order: number; readonly residual?: Residual }
  | {
      readonly kind: 'lpc';
      readonly coefficients: readonly number[];
      readonly shift: number;
      readonly residual?: Residual;
    };

/** Codes of the residual: the bits of a Rice parameter's field, log2 of the partitions; raw for numbers as they are. */
export interface Residual {
  readonly field?: 4 | 5;
  readonly partitions?: number;
  readonly raw?: boolean;
}

export interface FrameOptions {
  readonly bits: number;
  /** 1 left and side, 2 side and right, 3 mid and side; else each channel is written as it is. */
  readonly stereo?: 0 | 1 | 2 | 3;
  /** Low bits that are 0 in all samples and left out. */
  readonly wasted?: number;
}

class BitWriter {
  readonly #bits: number[] = [];

  write(value: number, count: number): void {
    const number = BigInt(value);
    for (let i = count - 1; i >= 0; i--) this.#bits.push(Number((number >> BigInt(i)) & 1n));
  }

  unary(zeros: number): void {
    for (let i = 0; i < zeros; i++) this.#bits.push(0);
    this.#bits.push(1);
  }

  bytes(): number[] {
    while (this.#bits.length % 8 !== 0) this.#bits.push(0);
    return Array.from({ length: this.#bits.length / 8 }, (_, i) =>
      this.#bits.slice(8 * i, 8 * i + 8).reduce((byte, bit) => 2 * byte + bit, 0),
    );
  }
}

/** By long division, bit by bit. */
function crc(bytes: readonly number[], bits: 8 | 16, polynomial: number): number {
  let rest = 0;
  for (const byte of bytes)
    for (let i = 7; i >= 0; i--) {
      const out = (rest >> (bits - 1)) & 1;
      rest = ((rest << 1) & (2 ** bits - 1)) ^ (out !== ((byte >> i) & 1) ? polynomial : 0);
    }
  return rest;
}

/** The bytes of a frame of these channels, each of the same length. */
export function flacFrame(
  channels: readonly (readonly number[])[],
  subframe: Subframe,
  { bits, stereo = 0, wasted = 0 }: FrameOptions,
): Uint8Array {
  const block = channels[0].length;
  const header = [
    0xff,
    0xf8,
    0x70,
    (stereo > 0 ? 7 + stereo : channels.length - 1) << 4,
    0,
    (block - 1) >> 8,
    (block - 1) & 255,
  ];
  const body = new BitWriter();
  joined(channels, stereo).forEach((samples, i) => {
    const isSide = stereo > 0 && i === (stereo === 2 ? 0 : 1);
    writeSubframe(body, samples, subframe, bits + (isSide ? 1 : 0), wasted);
  });
  const frame = [...header, crc(header, 8, 0x07), ...body.bytes()];
  const sum = crc(frame, 16, 0x8005);
  return Uint8Array.from([...frame, sum >> 8, sum & 255]);
}

function joined(channels: readonly (readonly number[])[], stereo: number): readonly (readonly number[])[] {
  if (stereo === 0) return channels;
  const [left, right] = channels;
  const side = left.map((value, i) => value - right[i]);
  if (stereo === 1) return [left, side];
  if (stereo === 2) return [side, right];
  return [left.map((value, i) => Math.floor((value + right[i]) / 2)), side];
}

function writeSubframe(
  to: BitWriter,
  given: readonly number[],
  subframe: Subframe,
  bits: number,
  wasted: number,
): void {
  const samples = given.map((value) => value / 2 ** wasted);
  const depth = bits - wasted;
  const order = subframe.kind === 'fixed' ? subframe.order : subframe.kind === 'lpc' ? subframe.coefficients.length : 0;
  const type = { constant: 0, verbatim: 1, fixed: 8 + order, lpc: 31 + order }[subframe.kind];
  to.write(type, 7);
  to.write(wasted > 0 ? 1 : 0, 1);
  if (wasted > 0) to.unary(wasted - 1);
  if (subframe.kind === 'constant') return to.write(samples[0], depth);
  if (subframe.kind === 'verbatim') {
    for (const value of samples) to.write(value, depth);
    return;
  }
  for (const value of samples.slice(0, order)) to.write(value, depth);
  if (subframe.kind === 'lpc') {
    to.write(14, 4);
    to.write(subframe.shift, 5);
    for (const coefficient of subframe.coefficients) to.write(coefficient, 15);
  }
  const how = subframe.kind === 'fixed' || subframe.kind === 'lpc' ? subframe.residual : undefined;
  writeResidual(to, residualOf(samples, subframe), order, samples.length, how ?? {});
}

/** What the prediction leaves, behind the first samples. */
function residualOf(samples: readonly number[], subframe: Subframe): number[] {
  if (subframe.kind === 'fixed') {
    // Differences of differences.
    let left = [...samples];
    for (let i = 0; i < subframe.order; i++) left = left.slice(1).map((value, at) => value - left[at]);
    return left;
  }
  if (subframe.kind !== 'lpc') return [];
  const { coefficients, shift } = subframe;
  return samples.slice(coefficients.length).map((value, at) => {
    let sum = 0;
    coefficients.forEach((coefficient, k) => (sum += coefficient * samples[at + coefficients.length - 1 - k]));
    return value - Math.floor(sum / 2 ** shift);
  });
}

function writeResidual(to: BitWriter, residual: readonly number[], order: number, block: number, how: Residual): void {
  const { field = 4, partitions = 0, raw = false } = how;
  to.write(field === 4 ? 0 : 1, 2);
  to.write(partitions, 4);
  const length = block / 2 ** partitions;
  for (let partition = 0; partition < 2 ** partitions; partition++) {
    const part = residual.slice(Math.max(0, partition * length - order), (partition + 1) * length - order);
    const largest = Math.max(0, ...part.map(Math.abs));
    if (raw) {
      const width = largest === 0 ? 0 : Math.ceil(Math.log2(largest + 1)) + 1;
      to.write(2 ** field - 1, field);
      to.write(width, 5);
      for (const value of part) to.write(value, width);
      continue;
    }
    const parameter = Math.min(2 ** field - 2, Math.floor(Math.log2(1 + largest / 4)));
    to.write(parameter, field);
    for (const value of part) {
      const code = value >= 0 ? 2 * value : -2 * value - 1;
      to.unary(Math.floor(code / 2 ** parameter));
      to.write(code % 2 ** parameter, parameter);
    }
  }
}
