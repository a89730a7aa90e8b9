/** The model file. */
import { inFile } from './mutation.ts';

const file = 'test/models/model-file.test.ts';
const weights = 'test/models/weights.test.ts';

export const models = [
  ...inFile('src/models/model-file.ts', [
    ['hexadecimal(actual) !== hexadecimal(checksum)', 'false', file],
    ['if (version > formatVersion)', 'if (false)', file],
    ['shape.length >= 2 ? weights', 'true ? weights', file],
    ['size * bytesPerElement[known] !== data.length', 'false', file],
    ['unknownCutoff >= 0 && unknownCutoff <= 1', 'unknownCutoff >= 0', file],
    ['new Set(labels).size !== labels.length', 'false', file],
    ['if (constants.has(name)) throw', 'if (false) throw', file],
    ['if (values.length !== 1) throw', 'if (false) throw', file],
    ['shape.length > rankLimit) throw new Error(`tensor', 'false) throw new Error(`tensor', file],
    ["known === 'int8' && scales?.length", 'false && scales?.length', file],
    ['weight >= 0 && Number.isFinite(weight)', 'true', file],
    ['graph.nodes.forEach(opNamed);', '', file],
  ]),
  ...inFile('src/models/weights.ts', [
    ['Math.abs(value) / 127', 'Math.abs(value) / 128', weights],
    ['Math.round(value / scales[i % channels])', 'Math.floor(value / scales[i % channels])', weights],
    ['factors[i % factors.length]', 'factors[0]', weights],
    ['new Uint8Array(bytes).buffer', '(bytes as Uint8Array<ArrayBuffer>).buffer', file],
  ]),
];
