/** The model files of an engine: where they lie, and what they must be to each other. */
import { ArgumentError, describe, ModelFileError, UndertoneError } from '../errors.ts';
import { type FilePlace, platform } from '../platform/index.ts';
import { contract, contractBreaches } from './contract.ts';
import { gateLabel, type Model, type OpenModel } from './model.ts';
import { loadModel, readModel } from './model-file.ts';

/** A folder of model files; or model files by id. */
export type Weights = string | URL | Readonly<Record<string, string | URL | Uint8Array>>;

/** The model files that were asked for by id: `speech` for speech.model, `speech@1` for an older version beside it. */
export async function openModels(
  weights: Weights | undefined,
  packaged: Readonly<Record<string, URL>>,
): Promise<ReadonlyMap<string, OpenModel>> {
  const { files, where } = await filesOf(weights, packaged);
  const models = await Promise.all(
    files.map(async ([id, file]) => [id, { ...(await openModel(id, file)), id }] as const),
  );
  const byId = new Map(models);
  if (byId.size === 0) throw new UndertoneError(`weights: ${where} holds no model file`);
  for (const { id, gate: name } of byId.values()) {
    if (name === '') continue;
    const gate = byId.get(name);
    if (!gate)
      throw new UndertoneError(`weights: ${where} holds no ${name}.model, which ${id}.model names as its gate`);
    if (gate.gate !== '' || !gate.labels.includes(gateLabel))
      throw new UndertoneError(`weights: ${id}.model names ${name}.model as its gate, but that can't tell speech`);
  }
  return byId;
}

interface Files {
  readonly files: readonly (readonly [id: string, file: FilePlace | Uint8Array])[];
  /** How an error calls them. */
  readonly where: string;
}

async function filesOf(weights: Weights | undefined, packaged: Readonly<Record<string, URL>>): Promise<Files> {
  if (weights === undefined) return { files: Object.entries(packaged), where: 'the package' };
  if (typeof weights === 'string' || weights instanceof URL) {
    const where = platform.nameOf(weights);
    return { files: await modelFiles(weights, where), where };
  }
  if (weights === null || typeof weights !== 'object' || ArrayBuffer.isView(weights) || Array.isArray(weights))
    throw new ArgumentError('weights', describe(weights), 'a folder, or model files (places or bytes) by id');
  for (const [id, file] of Object.entries(weights)) {
    if (typeof file !== 'string' && !(file instanceof URL) && !(file instanceof Uint8Array))
      throw new ArgumentError(
        `weights[${JSON.stringify(id)}]`,
        describe(file),
        'a path, a URL or the bytes of a model file',
      );
  }
  // Before the first wait, so that the caller may do with its bytes what it likes.
  const files = Object.entries(weights).map(
    ([id, file]) => [id.toLowerCase(), file instanceof Uint8Array ? file.slice() : file] as const,
  );
  return { files, where: 'weights' };
}

/** The model, if it is one that an engine can listen with. Throws ModelFileError that says which rule it breaks. */
function keepingContract(model: Model, file: string): Model {
  const [breach] = breachesOf(model, file);
  if (breach !== undefined) throw new ModelFileError(file, `${breach}; the rule: ${contract}`);
  return model;
}

/** A network that cannot be planned at all breaks the contract as well. */
function breachesOf(model: Model, file: string): string[] {
  try {
    return contractBreaches(model.graph, model);
  } catch (error) {
    throw new ModelFileError(file, (error as Error).message, { cause: error });
  }
}

async function openModel(id: string, file: FilePlace | Uint8Array): Promise<Model> {
  return file instanceof Uint8Array
    ? keepingContract(readModel(file, `${id}.model`), `${id}.model`)
    : keepingContract(await loadModel(file), platform.nameOf(file));
}

async function modelFiles(folder: FilePlace, where: string): Promise<[string, FilePlace][]> {
  const suffix = '.model';
  let found: Awaited<ReturnType<typeof platform.listFolder>>;
  try {
    found = await platform.listFolder(where);
  } catch (error) {
    throw new ArgumentError('weights', describe(folder), 'a folder that can be read', { cause: error });
  }
  const files = found.filter(({ name }) => name.endsWith(suffix));
  return files.map(({ name, path }) => [name.slice(0, -suffix.length).toLowerCase(), path]);
}
