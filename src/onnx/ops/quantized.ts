/**
 * Whole numbers of few bits as the formula that the standard gives; constants are computed when the file is converted.
 */
import type { Lowering } from '../lowering.ts';
import type { OnnxNode } from '../node.ts';
import { Size } from '../size.ts';
import type { TensorValue } from '../value.ts';
import { emitBinary, emitUnary, number } from './broadcast.ts';
import type { Handlers } from './handler.ts';
import { reshapeValue } from './shape.ts';

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
};

/** Input i, a scale or zero point: one number, or one for each position on the op's axis. */
function parameter(node: OnnxNode, i: number, x: TensorValue, to: Lowering): TensorValue | undefined {
  if (!node.input(i)) return undefined;
  const value = to.asFloat(node.tensor(i));
  if (value.shape.length === 0) return value;
  if (value.shape.length !== 1) node.fail('scales in blocks are not supported');
  if (value.shape[0].constant === 1) return reshapeValue(value, [], to);
  const axis = node.opset < 13 ? 1 : node.axis(node.int('axis', 1), x.shape.length);
  return reshapeValue(value, [value.shape[0], ...x.shape.slice(axis + 1).map(() => Size.of(1))], to);
}

function readCommon(node: OnnxNode): void {
  if (node.opset >= 13) node.int('axis', 1);
  if (node.opset >= 21) node.only('block_size', 0);
  node.int('saturate', 1);
  node.int('precision', 0);
}

export const quantized: Handlers = {
  DequantizeLinear(node, to) {
    readCommon(node);
    if (node.opset >= 21) node.int('output_dtype', 1);
    const x = to.asFloat(node.tensor(0));
    const [scale, zero] = [parameter(node, 1, x, to)!, parameter(node, 2, x, to)];
    const centred = zero ? emitBinary(node, 'subtract', x, zero, to) : x;
    return [emitBinary(node, 'multiply', centred, scale, to)];
  },

  QuantizeLinear(node, to) {
    readCommon(node);
    const output = node.opset >= 21 ? node.int('output_dtype', 0) : 0;
    const x = node.tensor(0);
    const type = node.input(2) ? to.typeOf(node.required(2)) : output === 3 ? 'int8' : 'uint8';
    const range = ranges[type ?? ''] ?? node.fail(`numbers of type ${type ?? 'that is not known'} are not supported`);
    const [scale, zero] = [parameter(node, 1, x, to)!, parameter(node, 2, x, to) ?? number(0, to)];
    const rounded = emitUnary('round', emitBinary(node, 'divide', x, scale, to), to);
    const moved = emitBinary(node, 'add', rounded, zero, to);
    return [to.asWhole(emitUnary('clip', moved, to, { alpha: range[0], beta: range[1] }))];
  },
};
