/** What the questions share: the audio, the models, the devices of this machine, and the check that all agree. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { approximate, parity } from '../../src/backends/tolerances.ts';
import { Engine } from '../../src/engine.ts';
import { DeviceUnavailableError } from '../../src/errors.ts';
import type { Model } from '../../src/models/model.ts';
import { loadModel } from '../../src/models/model-file.ts';
import type { DeviceName } from '../../src/runtime/devices.ts';
import { assertClose } from '../../test/support/parity.ts';
import { sampleVoice } from '../../test/support/sample.ts';
import type { Decisions } from './by-hand.ts';
import { isSoftwareGpu } from './gpu.ts';
import { type Pace, quick, unhurried } from './timing.ts';

export interface Settings {
  readonly quick: boolean;
  /** Folders of model files and of the ONNX files they were made from. */
  readonly weights: string;
  readonly onnx: string;
  /** Where the product is compiled already; undefined to compile it when it is needed. */
  readonly compiled: string | undefined;
}

export const packaged = {
  weights: fileURLToPath(new URL('../../weights', import.meta.url)),
  onnx: fileURLToPath(new URL('../onnx', import.meta.url)),
};

export interface BenchDevice {
  readonly name: Exclude<DeviceName, 'auto'>;
  /** What computes, for people. */
  readonly adapter: string;
  /** A software GPU is held to parity, but never timed. */
  readonly timed: boolean;
  readonly engine: Engine;
}

export class Context {
  readonly pace: Pace;
  #devices: Promise<BenchDevice[]> | undefined;
  #voice: Int16Array | undefined;
  readonly settings: Settings;

  constructor(settings: Settings) {
    this.settings = settings;
    this.pace = settings.quick ? quick : unhurried;
  }

  get quick(): boolean {
    return this.settings.quick;
  }

  /** So many seconds of a voice, int16 at 16 kHz, repeated as needed; `start` in seconds makes chunks differ. */
  async voice(seconds: number, start = 0): Promise<Int16Array> {
    const voice = (this.#voice ??= await sampleVoice());
    const first = Math.round(start * 16000);
    return Int16Array.from({ length: Math.round(seconds * 16000) }, (_, i) => voice[(first + i) % voice.length]);
  }

  /** As many pieces of a second of the voice, each from another place. */
  voices(count: number): Promise<Int16Array[]> {
    return Promise.all(Array.from({ length: count }, (_, i) => this.voice(1, i * 0.037)));
  }

  model(name: 'speech' | 'speech-rt' | 'gender'): Promise<Model> {
    return loadModel(join(this.settings.weights, `${name}.model`));
  }

  async decisions(): Promise<Decisions> {
    return {
      warmup: (await this.model('speech')).warmupWeights,
      unknownCutoff: (await this.model('gender')).unknownCutoff,
    };
  }

  /** Every device that can be opened here, a hardware GPU first. */
  devices(): Promise<BenchDevice[]> {
    this.#devices ??= this.#open();
    return this.#devices;
  }

  async #open(): Promise<BenchDevice[]> {
    const devices: BenchDevice[] = [];
    for (const name of ['webgpu', 'cpu'] as const) {
      try {
        const engine = await Engine.create({ device: name, weights: this.settings.weights });
        const { adapter } = engine.device;
        devices.push({ name, engine, adapter, timed: !isSoftwareGpu(adapter) });
      } catch (error) {
        if (!(error instanceof DeviceUnavailableError)) throw error;
        console.log(`without ${name}: ${error.reason}`);
      }
    }
    return devices;
  }

  async timedDevices(): Promise<BenchDevice[]> {
    return (await this.devices()).filter(({ timed }) => timed);
  }

  async dispose(): Promise<void> {
    for (const { engine } of this.#devices ? await this.#devices : []) await engine.dispose();
  }
}

/** Throws where two computations of the same thing differ. Nothing is timed before this passed. */
export function mustAgree(what: string, got: ArrayLike<number>, expected: ArrayLike<number>, tolerance = parity): void {
  assertClose(got, expected, tolerance, `parity of ${what}`);
}

/** The same for answers in JSON: labels equal, numbers within what a user may ever see between two devices. */
export function mustAnswerAlike(what: string, got: string, expected: string): void {
  const [a, b] = [flatten(JSON.parse(got)), flatten(JSON.parse(expected))];
  mustAgree(
    what,
    Object.values(a).filter(Number.isFinite) as number[],
    Object.values(b).filter(Number.isFinite) as number[],
    approximate,
  );
  for (const [key, value] of Object.entries(b)) {
    if (typeof value === 'string' && a[key] !== value)
      throw new Error(`parity of ${what}: ${key} is ${a[key]}, not ${value}`);
  }
}

function flatten(value: object, path = ''): Record<string, string | number> {
  return Object.assign(
    {},
    ...Object.entries(value).map(([key, inner]) =>
      typeof inner === 'object' ? flatten(inner, `${path}${key}.`) : { [path + key]: inner },
    ),
  );
}
