/** The public face of undertone: everything a user imports. */

import './platform/globals.ts';

export type {
  KnownModels,
  Models,
  RawValues,
  Results,
  Summary,
  Transition,
  Transitions,
} from './answers/by-model.ts';
export type { Result } from './answers/decision.ts';
export type { PeriodResult } from './answers/periods.ts';
export type { ChannelOverview, ChannelReport, TimeSeriesOutput } from './answers/series.ts';
export type { FileSource } from './audio/byte-reader.ts';
export type { DecodeProgress, InvalidSamples } from './audio/decode.ts';
export type { AudioData, Channel, Encoding } from './audio/format.ts';
export type { WeightPrecision } from './backends/backend.ts';
export type { ChunkOutput } from './engine.ts';
export { Engine } from './engine.ts';
export * from './errors.ts';
export type { StreamSource } from './listening/pull.ts';
export type { ResumeOptions } from './listening/snapshot.ts';
export { AnalysisStream } from './listening/stream.ts';
export type { StreamOverview, StreamResult } from './listening/tracks.ts';
export type { Weights } from './models/model-files.ts';
export type {
  AnalysisOptions,
  BytesOptions,
  ChunkOptions,
  EngineOptions,
  FileOptions,
  LayoutOptions,
  ModelHandle,
  ModelHandles,
  SeriesOptions,
  StreamOptions,
} from './options.ts';
export type { FilePlace } from './platform/index.ts';
export type { DeviceInfo, DeviceName, DeviceReport } from './runtime/devices.ts';
export { listDevices } from './runtime/devices.ts';
export type { EngineStats, ErrorMessage, RunMessage } from './runtime/stats.ts';
