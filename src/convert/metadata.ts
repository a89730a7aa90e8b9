/** meta.json: what a model file says about its network beyond the network itself. */
import { ArgumentError } from '../errors.ts';
import type { FeatureSettings, ModelMetadata } from '../models/model.ts';
import { checkMetadata } from '../models/model-file.ts';
import { fileName } from '../platform/paths.ts';
import { bothLabels } from './columns.ts';

export type ConversionMetadata = Omit<ModelMetadata, 'conversion'>;

type Reader<T> = (value: unknown, name: string) => T;

const fail = (name: string, value: unknown, allowed: string): never => {
  throw new ArgumentError(`meta.${name}`, value === undefined ? 'nothing' : JSON.stringify(value), allowed);
};
const word: Reader<string> = (value, name) =>
  typeof value === 'string' && value !== '' ? value : fail(name, value, 'a text');
const count: Reader<number> = (value, name) =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) < 2 ** 31
    ? (value as number)
    : fail(name, value, 'a positive whole number');
const fraction: Reader<number> = (value, name) =>
  typeof value === 'number' && value >= 0 && value <= 1 ? value : fail(name, value, 'a number from 0 to 1');
const list =
  <T>(element: Reader<T>): Reader<readonly T[]> =>
  (value, name) =>
    Array.isArray(value) ? value.map((item, i) => element(item, `${name}[${i}]`)) : fail(name, value, 'a list');

function features(value: unknown, name: string): FeatureSettings {
  const { kind, frame, hop, bands, ...others } = record(value, name);
  refuseOthers(others, `${name}.`);
  if (kind !== 'logmel') fail(`${name}.kind`, kind, '"logmel"');
  return {
    kind: 'logmel',
    frame: count(frame, `${name}.frame`),
    hop: count(hop, `${name}.hop`),
    bands: count(bands, `${name}.bands`),
  };
}

function record(value: unknown, name: string): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : fail(name, value, 'an object');
}

function refuseOthers(others: Record<string, unknown>, prefix: string): void {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) fail(`${prefix}${unknown}`, others[unknown], 'left out: there is no such field');
}

/** A model that tells speech from other sounds answers for every sound; any other is taken for a voice model. */
function usualGate(labels: unknown): string {
  return Array.isArray(labels) && labels.includes('speech') ? '' : 'speech';
}

/** Reads the JSON of a meta file. Throws ArgumentError that names the field. */
export function parseMetadata(json: unknown): ConversionMetadata {
  const {
    name,
    version,
    labels,
    sampleRate,
    features: geometry,
    framesPerStep,
    receptiveField,
    unknownCutoff,
    gate,
    warmupWeights,
    training,
    ...others
  } = record(json, '');
  refuseOthers(others, '');
  const metadata: ConversionMetadata = {
    name: word(name, 'name'),
    version: count(version, 'version'),
    labels: list(word)(labels, 'labels'),
    sampleRate: count(sampleRate, 'sampleRate'),
    features: features(geometry, 'features'),
    framesPerStep: count(framesPerStep, 'framesPerStep'),
    receptiveField: count(receptiveField, 'receptiveField'),
    unknownCutoff: fraction(unknownCutoff ?? 0, 'unknownCutoff'),
    gate: gate === '' ? '' : gate === undefined ? usualGate(labels) : word(gate, 'gate'),
    warmupWeights: list(fraction)(warmupWeights ?? [], 'warmupWeights'),
    training: JSON.stringify(training ?? {}),
  };
  try {
    // One label is that of a single column, whose opposite gets a name when the network is seen.
    checkMetadata({ ...metadata, labels: bothLabels(metadata.labels), conversion: '{}' });
  } catch (error) {
    throw new ArgumentError('meta', (error as Error).message, 'consistent');
  }
  return metadata;
}

/** What a network is called that no meta file names: after its file. */
export function nameOf(path: string): string {
  const word = fileName(path)
    .replace(/\.[^.]*$/, '')
    .replace(/[^a-z0-9_-]/gi, '_')
    .replace(/^[^a-z]*/i, '');
  return word || 'network';
}
