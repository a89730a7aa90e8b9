import { test } from 'uvu';
import { openWasm } from '../../src/backends/wasm/index.ts';
import { testOpTable } from '../support/op-table.ts';

testOpTable('cpu', await openWasm());

test.run();
