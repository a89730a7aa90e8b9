/** Log-mel of one second: the kernel that the CPU device runs, against Meyda frame by frame. */
import { openWasm } from '../src/backends/wasm/index.ts';
import type { Graph } from '../src/graph/graph.ts';
import { meydaFeatures } from './support/by-hand.ts';
import { type Context, mustAgree } from './support/context.ts';
import type { Row } from './support/row.ts';
import { median, race, speedup } from './support/timing.ts';

const logMel: Graph = {
  inputs: [{ name: 'pcm', shape: ['batch', 'samples'], type: 'int16' }],
  nodes: [
    {
      name: 'logmel',
      op: 'logmel',
      inputs: ['pcm'],
      outputs: ['features'],
      attributes: { frame: 512, hop: 256, bands: 64, sampleRate: 16000 },
    },
  ],
  constants: new Map(),
  outputs: ['features'],
};

export async function featureRows(context: Context): Promise<Row[]> {
  const backend = await openWasm();
  try {
    const pcm = await context.voice(16 * 0.064);
    const program = await backend.prepare(logMel, { batch: 1, samples: pcm.length });
    mustAgree('log-mel', program.run([pcm])[0], meydaFeatures(pcm));
    const times = await race(
      'log-mel',
      { undertone: () => program.run([pcm]), meyda: () => meydaFeatures(pcm) },
      context.pace,
    );
    return [
      { name: 'logmel-vs-meyda', value: speedup(times, 'undertone', 'meyda'), unit: 'times', device: 'cpu' },
      { name: 'logmel-1s-us', value: 1e6 * median(times.undertone), unit: 'us', device: 'cpu' },
      { name: 'peer-logmel-1s-us', value: 1e6 * median(times.meyda), unit: 'us', device: 'meyda' },
    ];
  } finally {
    backend.dispose();
  }
}
