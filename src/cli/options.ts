import type { Channel } from '../audio/format.ts';
import { Engine } from '../engine.ts';
import type { DeviceName } from '../runtime/devices.ts';

/** What all analyses take from the command line. */
export interface CommonOptions {
  readonly models: readonly string[];
  readonly channel?: Channel;
  readonly raw?: boolean;
  readonly volumeThreshold: number;
  readonly device: DeviceName;
  readonly weights?: string;
}

/** An engine for the time of `act`; the models' names are checked before any audio is read. */
export async function withEngine<T>(
  { device, weights, models }: CommonOptions,
  act: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await Engine.create({ device, weights });
  try {
    const unknown = models.find((model) => !engine.isModelAvailable(model));
    if (unknown !== undefined) {
      const { UnknownModelError } = await import('../errors.ts');
      throw new UnknownModelError(
        unknown,
        engine.getAvailableModels().map((name) => name.toLowerCase()),
      );
    }
    return await act(engine);
  } finally {
    await engine.dispose();
  }
}
