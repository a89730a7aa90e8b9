/** Features. */
import * as naive from '../naive/logmel.ts';
import { type OpRows, opCase } from '../op-case.ts';

export const logmel: OpRows = {
  formula: naive.logmel,
  carries: [
    ['as the models have it', [[2, 1024]], {}, [[256]]],
    ['four hops a frame', [[2, 1024]], { frame: 512, hop: 128 }, [[384]]],
  ],
  cases: [
    opCase('logmel', 'one step', [[1, 1024]], { type: 'int16', scale: 3000 }),
    opCase('logmel', 'two steps, batch 3, quiet', [[3, 2048]], { type: 'int16', scale: 20 }),
    opCase('logmel', 'next to nothing', [[2, 1024]], { type: 'int16', scale: 0.7 }),
    opCase('logmel', 'frames of four hops, other bands and rate', [[2, 640]], {
      attributes: { frame: 256, hop: 64, bands: 20, sampleRate: 8000 },
      type: 'int16',
      scale: 3000,
    }),
  ],
};
