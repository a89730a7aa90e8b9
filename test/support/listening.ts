/** What the engine does with its callers' options before it listens: the parts of src/listening with unsettled options. */

import type { TimeSeriesOutput } from '../../src/answers/series.ts';
import type { FileSource } from '../../src/audio/byte-reader.ts';
import type { Listener } from '../../src/listening/listener.ts';
import * as pull from '../../src/listening/pull.ts';
import * as recording from '../../src/listening/recording.ts';
import { type ResumeOptions, withResumed } from '../../src/listening/snapshot.ts';
import { AnalysisStream } from '../../src/listening/stream.ts';
import {
  type BytesOptions,
  type FileOptions,
  type StreamOptions,
  settleBytes,
  settleFile,
  settleStream,
} from '../../src/options.ts';
import { StatsCounter } from '../../src/runtime/stats.ts';

type NewListener = () => Listener;

export async function processFile(
  source: FileSource,
  options: FileOptions,
  newListener: NewListener,
): Promise<TimeSeriesOutput> {
  return recording.processFile(source, settleFile(options), newListener);
}

export async function processAudioBytes(options: BytesOptions, newListener: NewListener): Promise<TimeSeriesOutput> {
  return recording.processAudioBytes(settleBytes(options), newListener);
}

export function processStream(source: pull.StreamSource, options: StreamOptions, newListener: NewListener) {
  return pull.processStream(source, settleStream(options), newListener);
}

export async function openStream(
  options: StreamOptions | ResumeOptions,
  newListener: NewListener,
): Promise<AnalysisStream> {
  return AnalysisStream.open(settleStream(withResumed(options)), newListener, new StatsCounter());
}
