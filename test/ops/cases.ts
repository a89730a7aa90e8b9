/** The table of ops: what the files of table/ hold, one constant an op. */
import type { OpCase, OpRows } from './op-case.ts';
import * as registry from './table/registry.generated.ts';

export const opRows: Readonly<Record<string, OpRows>> = registry;
export const opCases: readonly OpCase[] = Object.values(opRows).flatMap(({ cases }) => cases);
