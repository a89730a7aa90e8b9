/** What callers may ask for. */

/** A model that an engine holds, as `engine.models.Speech`. */
export interface ModelHandle {
  /** `Speech`, `SpeechRT`, `Gender`; an older version kept beside the newest is `Speech@1`. */
  readonly name: string;
  /** Its key in results. */
  readonly key: string;
  readonly version: number;
  readonly labels: readonly string[];
}

export interface ModelHandles {
  readonly Speech: ModelHandle;
  readonly SpeechRT: ModelHandle;
  readonly Gender: ModelHandle;
  readonly [name: string]: ModelHandle;
}

export interface AnalysisOptions {
  /** Handles of `engine.models`, or their names. At least one. */
  readonly models: readonly (ModelHandle | string)[];
  /** Adds `raw`, the probability of each label. Default false. */
  readonly includeRawValues?: boolean;
  /** RMS below which a step is silent, on the [-1, 1] scale: 0 never, 1 always. Default 0.005. */
  readonly volumeThreshold?: number;
}
