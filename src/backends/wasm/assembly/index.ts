/**
 * A program is a list of instructions in linear memory, each [opcode, size in bytes, arguments...], closed by opcode 0.
 * Running it is one call. Nothing here keeps anything between two instructions, so instances on many threads may share
 * one memory. Opcodes and the order of arguments are those of ../code.ts.
 */
import { Binary, binary, Softmax, softmax, Unary, unary } from './elementwise';
import { Normalise, normalise } from './normalise';
import { Pack, pack, Product, product } from './product';
import { Gru, gru, Lstm, lstm } from './recurrent';
import { LogMel, logMel } from './spectrum';
import { Copy, copy, Depthwise, depthwise, Fill, fill, Move, move, Pad, pad, Widen, widen, Windows, windows } from './windows';

export function run(code: usize): void {
  for (let opcode = load<i32>(code); opcode != 0; opcode = load<i32>(code)) {
    const args = code + 8;
    switch (opcode) {
      case 1: product(changetype<Product>(args)); break;
      case 2: pack(changetype<Pack>(args)); break;
      case 3: depthwise(changetype<Depthwise>(args)); break;
      case 4: windows(changetype<Windows>(args)); break;
      case 5: pad(changetype<Pad>(args)); break;
      case 6: move(changetype<Move>(args)); break;
      case 7: fill(changetype<Fill>(args)); break;
      case 8: copy(changetype<Copy>(args)); break;
      case 9: widen(changetype<Widen>(args)); break;
      case 10: unary(changetype<Unary>(args)); break;
      case 11: binary(changetype<Binary>(args)); break;
      case 12: softmax(changetype<Softmax>(args)); break;
      case 13: gru(changetype<Gru>(args)); break;
      case 14: logMel(changetype<LogMel>(args)); break;
      case 15: lstm(changetype<Lstm>(args)); break;
      case 16: normalise(changetype<Normalise>(args)); break;
      // Arguments that another kernel uses.
      case 17: break;
      default: unreachable();
    }
    code += <usize>load<i32>(code, 4);
  }
}
