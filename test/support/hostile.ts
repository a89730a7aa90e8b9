/** Calls with options of every wrong kind: each must answer or end in an error of this library. */
import { Engine, UndertoneError } from '../../src/index.ts';
import { seeded } from './random.ts';

const detached = (): Int16Array => {
  const array = new Int16Array(2048);
  structuredClone(array, { transfer: [array.buffer] });
  return array;
};

/** Values of every kind; functions make a new one each time. */
const values: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => true,
  () => false,
  ...[0, -0, 1, -1, 2, 63, 64, 65, 128, 0.5, 5, 255, 256, 257, 7999, 8000, 16000, 44100, 2 ** 31, 2 ** 53, 1e308].map(
    (value) => () => value,
  ),
  () => NaN,
  () => Infinity,
  () => -Infinity,
  () => 10n,
  () => Symbol('x'),
  () => '',
  () => 'Speech',
  () => 'mix',
  () => 'mulaw',
  () => 'cpu',
  () => '__proto__',
  () => 'toString',
  () => '\u0000',
  () => 'x'.repeat(100_000),
  () => ({}),
  () => [],
  () => [[]],
  () => [undefined],
  () => ['Speech', null],
  () => [{ name: 5 }],
  () => ({ name: 'Speech' }),
  () => Object.create(null),
  () => ({ length: 5 }),
  () => () => {},
  () => class {},
  () => new Date(NaN),
  () => new Map(),
  () => /x/,
  () => new Proxy({}, {}),
  () => Promise.resolve(1),
  () => new ArrayBuffer(0),
  () => new ArrayBuffer(4096),
  () => new SharedArrayBuffer(4096),
  () => new DataView(new ArrayBuffer(8)),
  () => new Uint8Array(3),
  () => new Uint8Array(4096),
  () => new Float32Array(2048).fill(NaN),
  () => new Float32Array(2048).fill(1e9),
  () => new Float64Array(2048),
  () => new BigInt64Array(9),
  detached,
  () => detached().buffer,
  () => new AbortController().signal,
  () => ({ aborted: false }),
  () => new Blob([]),
  () => new Response('x'),
  () => new URL('http://localhost/'),
  () => 'https://localhost/x.wav',
  () => '/no/such/file',
  () => new Error('mine'),
];

const shared = ['models', 'includeRawValues', 'volumeThreshold', 'signal'];
const series = [
  ...shared,
  'outputPeriod',
  'channel',
  'includeSummary',
  'includeTransitions',
  'minDuration',
  'useChunking',
];
const layout = ['sampleRate', 'channels', 'encoding'];

interface Call {
  readonly name: string;
  readonly options: readonly string[];
  call(engine: Engine, options: any, value: any): Promise<unknown>;
}

const pcm = (): Int16Array => Int16Array.from({ length: 4096 }, (_, i) => 3000 * Math.sin(i / 3));
const drain = async (results: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of results);
};

const calls: readonly Call[] = [
  {
    name: 'create',
    options: ['device', 'weights', 'threads', 'weightPrecision'],
    call: async (_, options) => (await Engine.create({ device: 'cpu', threads: 1, ...options })).dispose(),
  },
  { name: 'create whole', options: [''], call: async (_, __, value) => (await Engine.create(value)).dispose() },
  {
    name: 'processAudioChunk',
    options: [...shared, ...layout, 'channel', 'data'],
    call: (engine, options) => engine.processAudioChunk(options),
  },
  { name: 'processAudioChunk whole', options: [''], call: (engine, _, value) => engine.processAudioChunk(value) },
  {
    name: 'processAudioBytes',
    options: [...series, ...layout, 'data'],
    call: (engine, options) => engine.processAudioBytes(options),
  },
  {
    name: 'processFile',
    options: [...series, 'partial', 'invalidSamples'],
    call: (engine, { data: _, ...options }) =>
      engine.processFile(new URL('../../samples/reading-room.wav', import.meta.url), options),
  },
  {
    name: 'processFile source',
    options: [''],
    call: (engine, _, value) => engine.processFile(value, { models: ['Speech'] }),
  },
  { name: 'processFile whole', options: [''], call: (engine, _, value) => engine.processFile('/no/file', value) },
  {
    name: 'processStream',
    options: [...series, ...layout, 'invalidSamples'],
    call: async (engine, { data, ...options }) => drain(engine.processStream([data], options)),
  },
  {
    name: 'processStream source',
    options: [''],
    call: async (engine, _, value) => drain(engine.processStream(value, { models: ['Speech'] })),
  },
  {
    name: 'processStream chunk',
    options: [''],
    call: async (engine, _, value) => drain(engine.processStream([value], { models: ['Speech'] })),
  },
  {
    name: 'openStream',
    options: [...series, ...layout, 'invalidSamples', 'resume'],
    call: async (engine, { data, ...options }) => pushed(await engine.openStream(options), data),
  },
  {
    name: 'openStream whole',
    options: [''],
    call: async (engine, _, value) => (await engine.openStream(value)).cancel(),
  },
  {
    name: 'write',
    options: [''],
    call: async (engine, _, value) => pushed(await engine.openStream({ models: ['Speech'] }), value),
  },
  {
    name: 'skip',
    options: [''],
    call: async (engine, _, value) => {
      const stream = await engine.openStream({ models: ['Speech'] });
      try {
        await stream.skip(typeof value === 'number' && value > 1e4 && value < 1e8 ? 1e4 : value);
      } finally {
        stream.cancel();
      }
    },
  },
  { name: 'isModelAvailable', options: [''], call: async (engine, _, value) => engine.isModelAvailable(value) },
];

async function pushed(stream: Awaited<ReturnType<Engine['openStream']>>, data: any): Promise<void> {
  try {
    await stream.write(data);
    await stream.end();
    await drain(stream);
  } finally {
    stream.cancel();
  }
}

/** Random calls, each with a wrong value in one place or two. A call that takes a minute counts as one that never ends. */
export async function hostileCalls(
  count: number,
  seed: string,
): Promise<{ faults: string[]; outcomes: Record<string, number> }> {
  const { below } = seeded(`hostile ${seed}`);
  const engine = await Engine.create({ device: 'cpu', threads: 1 });
  const faults: string[] = [];
  const outcomes = { answered: 0, refused: 0 };
  for (let i = 0; i < count; i++) {
    const { name, options: names, call } = calls[i % calls.length];
    const wrong: Record<string, unknown> = {};
    const value = values[below(values.length)]();
    for (let k = 0; k <= below(2); k++)
      wrong[names[below(names.length)]] = k === 0 ? value : values[below(values.length)]();
    const options = name === 'create' ? wrong : { data: pcm(), models: ['Speech', 'Gender'], ...wrong };
    const told = `${name} ${names.length === 1 ? '' : Object.keys(wrong).join()} ${describeAll(Object.values(wrong))}`;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error('it never ended')), 60_000)));
    try {
      await Promise.race([call(engine, options, value), late]);
      outcomes.answered++;
    } catch (error) {
      outcomes.refused++;
      if (!(error instanceof UndertoneError)) faults.push(`${told}: ${(error as Error)?.stack ?? String(error)}`);
    } finally {
      clearTimeout(timer);
    }
  }
  await engine.dispose();
  return { faults, outcomes };
}

function describeAll(list: readonly unknown[]): string {
  return list
    .map((value) => (typeof value === 'object' ? Object.prototype.toString.call(value) : String(value).slice(0, 30)))
    .join(' | ');
}
