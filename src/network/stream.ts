/**
 * A network along a stream, stretch by stretch: what its nodes carry, and what it takes and gives as inputs and
 * outputs.
 */
import { ArgumentError } from '../errors.ts';
import type { NetworkInputs, NetworkOutputs, NetworkTensor, NetworkValue } from './tensors.ts';

export interface StreamOptions {
  /** Inputs that an output feeds from one stretch to the next, by name: `{ state: 'stateN' }`. They begin as zeros. */
  readonly carry?: Readonly<Record<string, string>>;
}

/** What a stream needs of its network. */
export interface Streamed {
  readonly inputs: readonly NetworkValue[];
  readonly outputs: readonly NetworkValue[];
  /** The inputs, with zeros for those of `names` that are not given. */
  withZeros(inputs: NetworkInputs, names: readonly string[]): NetworkInputs;
  /** One stretch; where inputs carry the state, a run of its own. */
  advance(
    inputs: NetworkInputs,
    before: Float32Array | undefined,
    isCarried: boolean,
  ): Promise<{ outputs: NetworkOutputs; state: Float32Array | undefined }>;
}

/** Made by `network.stream()`. Its runs go one after another, in the order of the calls. */
export class NetworkStream {
  readonly #network: Streamed;
  readonly #carry: Readonly<Record<string, string>>;
  #carried: Record<string, NetworkTensor> = {};
  #state: Float32Array | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(network: Streamed, { carry = {} }: StreamOptions) {
    this.#network = network;
    this.#carry = carry;
    for (const [input, output] of Object.entries(carry)) {
      const [inputs, outputs] = [network.inputs, network.outputs].map((values) => values.map(({ name }) => name));
      if (!inputs.includes(input))
        throw new ArgumentError('carry', JSON.stringify(input), `an input: ${inputs.join(', ')}`);
      if (!outputs.includes(output))
        throw new ArgumentError(`carry.${input}`, JSON.stringify(output), `an output: ${outputs.join(', ')}`);
    }
  }

  /**
   * The outputs for the next stretch. Inputs that are carried need not be given; one that is replaces what was carried.
   */
  run(inputs: NetworkInputs): Promise<NetworkOutputs> {
    const result = this.#last.then(() => this.#next(inputs));
    this.#last = result.catch(() => {});
    return result;
  }

  /** Begins anew, as before the first stretch. */
  reset(): void {
    this.#last = this.#last.then(() => {
      this.#carried = {};
      this.#state = undefined;
    });
  }

  async #next(inputs: NetworkInputs): Promise<NetworkOutputs> {
    const all = this.#network.withZeros({ ...this.#carried, ...inputs }, Object.keys(this.#carry));
    const { outputs, state } = await this.#network.advance(all, this.#state, Object.keys(this.#carry).length > 0);
    this.#state = state;
    this.#carried = Object.fromEntries(Object.entries(this.#carry).map(([input, output]) => [input, outputs[output]]));
    return outputs;
  }
}
