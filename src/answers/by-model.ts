/**
 * Answers typed by the models that were asked for. Models of one's own are open, any key and any label; their types can
 * be told by declaration merging: `declare module 'undertone' { interface KnownModels { mood: { label: 'calm' |
 * 'tense'; result: … } } }`.
 */
import type { Result } from './decision.ts';

/** The packaged models by key: the classes they give probabilities of, and what they can answer. */
export interface KnownModels {
  readonly speech: SpeechTypes;
  readonly 'speech-rt': SpeechTypes;
  readonly gender: {
    readonly label: 'male' | 'female';
    readonly result: 'male' | 'female' | 'unknown' | 'no_speech' | 'silence';
  };
}

interface SpeechTypes {
  readonly label: 'music' | 'other' | 'speech';
  readonly result: 'music' | 'other' | 'speech' | 'silence';
}

/** What `models` lists: handles of `engine.models`, or names. */
export type Models = readonly (string | { readonly name: string; readonly key: string })[];

/** The key in results of a handle or a name; `string` where the name is not known until the program runs. */
type KeyOf<M> = M extends { readonly key: infer K extends string }
  ? K
  : M extends string
    ? NameToKey<Lowercase<M>>
    : never;
type NameToKey<N extends string> = string extends N
  ? string
  : N extends `${infer Name}@${string}`
    ? NameToKey<Name>
    : N extends 'speechrt'
      ? 'speech-rt'
      : N;

type LabelOf<K> = K extends keyof KnownModels ? KnownModels[K]['label'] : string;
type ResultOf<K> = K extends keyof KnownModels ? KnownModels[K]['result'] : string;

/** By model key, sorted: what is heard, and how sure that is. */
export type Results<M extends Models = Models> = { readonly [K in KeyOf<M[number]>]: Result<ResultOf<K>> };

/** By model key, then by label: probabilities, 4 decimals. */
export type RawValues<M extends Models = Models> = {
  readonly [K in KeyOf<M[number]>]: Readonly<Record<LabelOf<K>, number>>;
};

/**
 * By model key, then `LABEL_fraction`: the steps with this result over all steps, 4 decimals; every possible result is
 * listed.
 */
export type Summary<M extends Models = Models> = {
  readonly [K in KeyOf<M[number]>]: Readonly<Record<`${ResultOf<K>}_fraction`, number>>;
};

/** A stretch of time throughout which a model gave one result. */
export interface Transition<R extends string = string> {
  /** ms from the start of the audio; the end of one run is the start of the next. */
  readonly timestamp_start: number;
  readonly timestamp_end: number;
  readonly result: R;
  /** Mean over the steps of the run, 4 decimals. */
  readonly confidence: number;
}

/** By model key: runs of equal results, contiguous. */
export type Transitions<M extends Models = Models> = {
  readonly [K in KeyOf<M[number]>]: readonly Transition<ResultOf<K>>[];
};
