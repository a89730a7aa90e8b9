/** What a model file says: the network and all that is needed to use it. */
import type { Graph } from '../graph/graph.ts';

export interface FeatureSettings {
  readonly kind: 'logmel';
  /** Samples in a frame and between two frames; mel bands. */
  readonly frame: number;
  readonly hop: number;
  readonly bands: number;
}

export interface ModelMetadata {
  /** The key in results: `speech`, `gender`. */
  readonly name: string;
  readonly version: number;
  /** Column i of the probabilities belongs to labels[i]. */
  readonly labels: readonly string[];
  /** Hz. */
  readonly sampleRate: number;
  readonly features: FeatureSettings;
  /** Feature frames for one set of probabilities. */
  readonly framesPerStep: number;
  /** Steps until the network sees all the past it was trained to use. */
  readonly receptiveField: number;
  /** Two-class models: a margin below this is `unknown`; 0 for never. */
  readonly unknownCutoff: number;
  /**
   * Whether each label has a probability of its own, so that several may be heard at once; left out where they sum to
   * 1.
   */
  readonly independent?: true;
  /**
   * Name of the model that tells a voice model where somebody speaks; empty for a model that answers for every sound.
   */
  readonly gate: string;
  /** Weights of the first steps in a mean over steps, before the receptive field is full; steps behind them weigh 1. */
  readonly warmupWeights: readonly number[];
  /** How it was trained and what it reached, as JSON text. */
  readonly training: string;
  /** What the conversion was checked against, as JSON text. */
  readonly conversion: string;
}

/** What every model file says, whether its network listens to audio or is one for `Network` alone. */
export interface StoredNetwork {
  readonly name: string;
  readonly version: number;
  /** What the columns of its first output are called; empty where nothing is known of them. */
  readonly labels: readonly string[];
  /** JSON texts. */
  readonly training: string;
  readonly conversion: string;
  readonly graph: Graph;
}

export interface Model extends ModelMetadata {
  /** From features [batch, time, bands] to probabilities [batch, time / framesPerStep, labels]. */
  readonly graph: Graph;
}

/**
 * A model an engine holds. `id` tells versions of one name apart: `speech`, or `speech@1` for an older one beside it.
 */
export interface OpenModel extends Model {
  readonly id: string;
}

/** The label of a gate that opens it. */
export const gateLabel = 'speech';
