/** The public face of undertone: everything a user imports. */

export type { Result } from './answers/decision.ts';
export type { TimeSeriesOutput } from './answers/series.ts';
export type { AudioData, Channel, Encoding } from './audio/format.ts';
export type { WeightPrecision } from './backends/backend.ts';
export type { ChunkOptions, ChunkOutput, EngineOptions, Weights } from './engine.ts';
export { Engine } from './engine.ts';
export * from './errors.ts';
export type { BytesOptions, FileOptions, StreamOptions, StreamSource } from './listening/recording.ts';
export { AnalysisStream, type ResumeOptions } from './listening/stream.ts';
export type { SeriesOptions, StreamOverview, StreamResult } from './listening/tracks.ts';
export type { AnalysisOptions, ModelHandle, ModelHandles } from './options.ts';
export type { DeviceInfo, DeviceName, DeviceReport } from './runtime/devices.ts';
export { listDevices } from './runtime/devices.ts';
