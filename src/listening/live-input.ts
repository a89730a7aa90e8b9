/** The input of a live stream, as its options want it. */
import { type InvalidSample, StreamInput, type StreamInputState } from '../audio/stream-input.ts';
import { InvalidSampleError } from '../errors.ts';
import type { StreamSettings } from '../options.ts';
import { platform } from '../platform/index.ts';

/** Whoever counts streams. */
export interface StreamStats {
  streamOpened(): void;
  streamEnded(): void;
  writeWaited(): void;
  failed(error: unknown): void;
}

export function openInput(
  settings: StreamSettings,
  how: { readonly resumable: boolean },
  state?: StreamInputState,
): Promise<StreamInput> {
  return StreamInput.open({ ...settings, ...how, onInvalid: invalidSampleTeller(settings) }, state);
}

/** Tells a stream's caller of samples that are no numbers; undefined where they are errors. */
function invalidSampleTeller({
  invalidSamples,
  onWarning,
  sampleRate,
}: StreamSettings): ((place: InvalidSample) => void) | undefined {
  if (invalidSamples === 'error') return undefined;
  let told = false;
  return ({ channel, frame }) => {
    const warning = new InvalidSampleError(channel, frame, sampleRate);
    if (onWarning) onWarning(warning);
    else if (!told) platform.warn(warning.message, 'InvalidSampleWarning');
    told = true;
  };
}
