/** Listeners of the packaged models on the CPU, as the engine makes them. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Analyzer } from '../../src/analyzer.ts';
import { openDevice } from '../../src/devices.ts';
import { Listener, select } from '../../src/listener.ts';
import { Programs } from '../../src/programs.ts';
import { loadModel } from '../../src/models/model-file.ts';

const weights = fileURLToPath(new URL('../../weights', import.meta.url));

export async function openListeners(device: 'cpu' | 'webgpu' = 'cpu'): Promise<{ newListener: () => Listener; close: () => Promise<void> }> {
  const { backend } = await openDevice(device);
  const ids = ['gender', 'speech'];
  const models = new Map(await Promise.all(ids.map(async (id) => [id, { ...(await loadModel(join(weights, `${id}.model`))), id }] as const)));
  const analyzer = new Analyzer(new Programs(backend, models));
  const settings = { ...select([...models.values()], models.get('speech')!), includeRawValues: true, volumeThreshold: 0.005 };
  return {
    newListener: () => new Listener(analyzer, settings),
    close: () => analyzer.dispose(),
  };
}
