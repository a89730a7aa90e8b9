/** The models that an engine holds, and those of them that a call asks for. */
import { sortedByName } from '../answers/decision.ts';
import { ArgumentError, describe, UnknownModelError } from '../errors.ts';
import type { OpenModel } from '../models/model.ts';
import type { ModelHandle, ModelHandles } from '../options.ts';

/** What a set of models comes to. The same for many listeners, so it is worked out once. */
export interface Selection {
  /** The models asked for, sorted by name. */
  readonly models: readonly OpenModel[];
  /** The gates that they name, which listen whether they were asked for or not. */
  readonly gates: readonly OpenModel[];
  /** Sorted ids of all that must listen: the gates and those asked for. */
  readonly ids: readonly string[];
  /** Their names by id. */
  readonly names: ReadonlyMap<string, string>;
}

/** `models` are those asked for; `available` finds the gate of a model where it is not among them. */
export function select(models: readonly OpenModel[], available: ReadonlyMap<string, OpenModel>): Selection {
  const wanted = new Set(models.map(({ gate }) => gate).filter((gate) => gate !== ''));
  const gates = [...wanted].map((gate) => models.find(({ name }) => name === gate) ?? available.get(gate)!);
  const names = new Map([...gates, ...models].map(({ id, name }) => [id, name]));
  return { models: sortedByName(models), gates, ids: [...names.keys()].sort(), names };
}

export class ModelSet {
  readonly handles: ModelHandles;
  readonly byId: ReadonlyMap<string, OpenModel>;
  /** By id and by name of the handle, in lower case. */
  readonly #byName: ReadonlyMap<string, OpenModel>;
  /** By the ids of the models as they were asked for. */
  readonly #selections = new Map<string, Selection>();

  constructor(byId: ReadonlyMap<string, OpenModel>) {
    this.byId = byId;
    this.#byName = new Map(
      [...byId].flatMap(([id, model]) => [id, handleName(id).toLowerCase()].map((name) => [name, model])),
    );
    const handles = [...byId.values()].map(({ id, name, version, labels }) =>
      Object.freeze({ name: handleName(id), key: name, version, labels }),
    );
    this.handles = Object.freeze(Object.fromEntries(handles.map((handle) => [handle.name, handle]))) as ModelHandles;
  }

  get names(): string[] {
    return Object.keys(this.handles);
  }

  has(name: string): boolean {
    return typeof name === 'string' && this.#byName.has(name.toLowerCase());
  }

  /** @throws ArgumentError for what is no list, or for two versions of one model; UnknownModelError */
  select(asked: unknown): Selection {
    if (!Array.isArray(asked) || asked.length === 0) {
      const got = Array.isArray(asked) ? 'an empty list' : describe(asked);
      throw new ArgumentError('models', got, `a list of at least one of ${this.names.join(', ')}`);
    }
    const models = asked.map((model) => this.#model(model));
    const key = models.map(({ id }) => id).join();
    let selection = this.#selections.get(key);
    if (!selection) {
      selection = select(oneVersionEach(models), this.byId);
      this.#selections.set(key, selection);
    }
    return selection;
  }

  #model(asked: ModelHandle | string): OpenModel {
    const name = typeof asked === 'string' ? asked : asked?.name;
    const model = typeof name === 'string' ? this.#byName.get(name.toLowerCase()) : undefined;
    if (!model) throw new UnknownModelError(typeof name === 'string' ? name : describe(asked), this.names);
    return model;
  }
}

function oneVersionEach(asked: readonly OpenModel[]): OpenModel[] {
  const chosen = [...new Set(asked)];
  const twice = chosen.find((model, i) => chosen.findIndex(({ name }) => name === model.name) !== i);
  if (twice)
    throw new ArgumentError('models', `two versions of ${handleName(twice.name)}`, 'one version of each model a call');
  return chosen;
}

/** `Speech` for speech, `SpeechRT` for speech-rt, `Speech@1` for speech@1: words of one or two letters are initials. */
function handleName(id: string): string {
  const [name, ...version] = id.split('@');
  const words = name
    .split('-')
    .map((word) => (word.length < 3 ? word.toUpperCase() : word[0].toUpperCase() + word.slice(1)));
  return [words.join(''), ...version].join('@');
}
