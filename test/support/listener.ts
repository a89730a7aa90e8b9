/** Listeners as the engine makes them. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Backend } from '../../src/backends/backend.ts';
import { Listener } from '../../src/listening/listener.ts';
import { select } from '../../src/listening/selection.ts';
import type { Model } from '../../src/models/model.ts';
import { loadModel } from '../../src/models/model-file.ts';
import { defaults } from '../../src/options.ts';
import { Batcher } from '../../src/runtime/batcher.ts';
import { openDevice } from '../../src/runtime/devices.ts';
import { Programs } from '../../src/runtime/programs.ts';

const weights = fileURLToPath(new URL('../../weights', import.meta.url));

export interface Listeners {
  readonly newListener: () => Listener;
  readonly close: () => Promise<void>;
}

/** Of the packaged models. */
export async function openListeners(device: 'cpu' | 'webgpu' = 'cpu'): Promise<Listeners> {
  const { backend } = await openDevice(device);
  const [gender, speech] = await Promise.all(['gender', 'speech'].map((id) => loadModel(join(weights, `${id}.model`))));
  return listenersOn(backend, { gender: gender, speech: speech });
}

/** Of models by their ids, gates among them. */
export function listenersOn(
  backend: Backend,
  byId: Readonly<Record<string, Model>>,
  volumeThreshold: number = defaults.volumeThreshold,
): Listeners {
  const models = new Map(Object.entries(byId).map(([id, model]) => [id, { ...model, id }] as const));
  const batcher = new Batcher(new Programs(backend, models));
  const settings = { ...select([...models.values()], models), includeRawValues: true, volumeThreshold };
  return {
    newListener: () => new Listener(batcher, settings),
    close: () => batcher.dispose(),
  };
}
