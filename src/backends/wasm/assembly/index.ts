/**
 * A program is a list of instructions in linear memory, each [opcode, size in bytes, arguments...], closed by opcode 0.
 * Running it is one call. Nothing here keeps anything between two instructions, so instances on many threads may share
 * one memory. An instruction is a class of arguments and the function that takes it; ../code.ts writes them.
 */
import { execute } from './dispatch.generated';

export function run(code: usize): void {
  for (let opcode = load<i32>(code); opcode != 0; opcode = load<i32>(code)) {
    execute(opcode, code + 8);
    code += <usize>load<i32>(code, 4);
  }
}
