/** The public face of undertone: everything a user imports. */
export type { AudioData } from './audio/format.ts';
export type { WeightPrecision } from './backends/backend.ts';
export type { DeviceInfo, DeviceName, DeviceReport } from './devices.ts';
export { listDevices } from './devices.ts';
export type { AnalysisOptions, ChunkOptions, ChunkOutput, EngineOptions, ModelHandle, ModelHandles } from './engine.ts';
export { Engine } from './engine.ts';
export * from './errors.ts';
export type { Result } from './models/decision.ts';
export type { TimeSeriesOutput } from './reports/series.ts';
export { AnalysisStream } from './stream.ts';
export type { BytesOptions, FileOptions, StreamOptions, StreamSource } from './time-series.ts';
export type { SeriesOptions, StreamOverview, StreamResult } from './tracks.ts';
