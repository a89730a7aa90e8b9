/** A live stream that is pulled from its source: it is read no faster than its results are. */
import type { AudioData } from '../audio/format.ts';
import type { StreamInput } from '../audio/stream-input.ts';
import { ArgumentError, describe } from '../errors.ts';
import type { StreamSettings } from '../options.ts';
import { abortable } from './abort.ts';
import type { Listener } from './listener.ts';
import { openInput } from './live-input.ts';
import { type StreamOverview, type StreamResult, Tracks } from './tracks.ts';

/** Anything that gives chunks of audio: a Node or Web stream, a socket, a microphone, an array of chunks. */
export type StreamSource = AsyncIterable<AudioData> | Iterable<AudioData>;

/**
 * Reads a source chunk by chunk and gives each period as soon as its audio is there. Nothing is read ahead, so a slow
 * consumer holds its source back. What the generator returns at its end are summary and transitions. A chunk that is
 * refused ends the stream; what was heard before it is given first.
 * @throws ArgumentError, the source's own error, the signal's reason
 */
export function processStream(
  source: StreamSource,
  settings: StreamSettings,
  newListener: () => Listener,
): AsyncGenerator<StreamResult, StreamOverview> {
  return pull(chunksOf(source), settings, newListener);
}

async function* pull(
  chunks: AsyncIterator<AudioData> | Iterator<AudioData>,
  settings: StreamSettings,
  newListener: () => Listener,
): AsyncGenerator<StreamResult, StreamOverview> {
  const { signal } = settings;
  const input = await openInput(settings, { resumable: false });
  const tracks = new Tracks(input.heard, settings, newListener);
  try {
    const blocks = blocksOf(chunks, input, signal);
    let refused: ArgumentError | undefined;
    while (!refused) {
      // Not for await: an error of the consumer's must not be taken for one of a chunk.
      const next = await blocks.next().catch((error: unknown) => {
        if (error instanceof ArgumentError) return error;
        throw error;
      });
      if (next instanceof ArgumentError) refused = next;
      else if (next.done) break;
      else yield* await tracks.hear(next.value, signal);
    }
    const last = input.finish();
    if (last[0].length > 0) yield* await tracks.hear(last, signal);
    yield* tracks.finish();
    if (refused) throw refused;
    return tracks.overview();
  } finally {
    input.free();
    // Not waited for: a source that hangs must not hold up the one who leaves it.
    void Promise.resolve(chunks.return?.()).catch(() => {});
  }
}

async function* blocksOf(
  chunks: AsyncIterator<AudioData> | Iterator<AudioData>,
  input: StreamInput,
  signal: AbortSignal | undefined,
): AsyncGenerator<Int16Array[], void> {
  while (true) {
    signal?.throwIfAborted();
    const next = await abortable(chunks.next(), signal);
    if (next.done) return;
    yield* input.push(next.value);
  }
}

function chunksOf(source: StreamSource): AsyncIterator<AudioData> | Iterator<AudioData> {
  const iterable = source as Partial<AsyncIterable<AudioData> & Iterable<AudioData>> | null | undefined;
  const single = typeof source === 'string' || ArrayBuffer.isView(source);
  const chunks = single ? undefined : (iterable?.[Symbol.asyncIterator]?.() ?? iterable?.[Symbol.iterator]?.());
  if (!chunks)
    throw new ArgumentError(
      'source',
      describe(source),
      'an async iterable of chunks of audio, such as a Node stream (one piece of audio goes to processAudioBytes)',
    );
  return chunks;
}
