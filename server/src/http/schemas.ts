/** JSON schemas of what comes in and goes out; types and the OpenAPI file are made from them. */
import { type TSchema, Type } from 'typebox';
import type { ChunkOutput, TimeSeriesOutput } from 'undertone';
import type { JobStatus } from '../jobs/jobs.ts';

const closed = { additionalProperties: false };

const models = Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
  minItems: 1,
  maxItems: 16,
  default: ['Speech', 'Gender'],
  description: 'Names of models, with commas between them or as several parameters.',
});
const analysis = {
  models: Type.Optional(models),
  include_raw_values: Type.Optional(
    Type.Boolean({ default: false, description: 'Adds the probability of each label.' }),
  ),
  volume_threshold: Type.Optional(
    Type.Number({ minimum: 0, maximum: 1, default: 0.005, description: 'RMS below which a step of 64 ms is silent.' }),
  ),
};
const series = {
  ...analysis,
  output_period: Type.Optional(
    Type.Integer({
      minimum: 64,
      maximum: 86_400_000,
      multipleOf: 64,
      default: 1024,
      description: 'ms, a multiple of 64.',
    }),
  ),
  include_summary: Type.Optional(Type.Boolean({ default: false, description: 'Adds the share of each result.' })),
  include_transitions: Type.Optional(Type.Boolean({ default: false, description: 'Adds the runs of equal results.' })),
};
export const encodings = ['s16le', 'f32le', 'mulaw', 'alaw'] as const;
const encoding = Type.Enum([...encodings], {
  description: 'The body is raw samples of this kind; without it, the body is a file.',
});
const raw = {
  sample_rate: Type.Optional(
    Type.Integer({
      minimum: 8000,
      maximum: 192_000,
      description: 'Hz of raw samples. Default 16000; mulaw and alaw 8000.',
    }),
  ),
  channels: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 256, default: 1, description: 'Channels interleaved in raw samples.' }),
  ),
};
const channel = Type.Optional(
  Type.Union([Type.Integer({ minimum: 0, maximum: 255 }), Type.Literal('mix')], {
    description: 'The only channel to hear, from 0 on, or "mix" for the mean of all.',
  }),
);

export const ChunkQuery = Type.Object({ ...analysis, encoding: Type.Optional(encoding), ...raw, channel }, closed);
export const FileQuery = Type.Object({ ...series, encoding: Type.Optional(encoding), ...raw, channel }, closed);
export const StreamQuery = Type.Object(
  {
    ...series,
    encoding: Type.Optional(Type.Enum([...encodings], { default: 's16le' })),
    ...raw,
    channel,
    call_id: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'A name to follow the call by.' }),
    ),
    token: Type.Optional(Type.String({ maxLength: 512, description: 'A temporary token, for browsers.' })),
  },
  closed,
);
export const TwilioQuery = Type.Object(
  {
    ...series,
    results: Type.Optional(
      Type.Enum(['socket', 'followers'], {
        description:
          'Where results go. Default: followers where Twilio itself calls (it takes no such messages), else the socket.',
      }),
    ),
    token: Type.Optional(Type.String({ maxLength: 512 })),
  },
  closed,
);
export const FollowQuery = Type.Object({ token: Type.Optional(Type.String({ maxLength: 512 })) }, closed);

const Result = Type.Object({ result: Type.String(), confidence: Type.Number() });
const Results = Type.Record(Type.String(), Result);
const Raw = Type.Record(Type.String(), Type.Record(Type.String(), Type.Number()));
const Period = Type.Object({
  timestamp: Type.Integer({ description: 'ms' }),
  results: Results,
  raw: Type.Optional(Raw),
});
const Transition = Type.Object({
  timestamp_start: Type.Number(),
  timestamp_end: Type.Number(),
  result: Type.String(),
  confidence: Type.Number(),
});

export const ChunkAnswer = Type.Unsafe<ChunkOutput>(
  Type.Object({ results: Results, raw: Type.Optional(Raw) }, { description: 'One answer for a chunk.' }),
);
export const FileAnswer = Type.Unsafe<TimeSeriesOutput>(
  Type.Object(
    {
      channels: Type.Record(
        Type.String(),
        Type.Object({
          time_series: Type.Array(Period),
          summary: Type.Optional(Type.Record(Type.String(), Type.Record(Type.String(), Type.Number()))),
          transitions: Type.Optional(Type.Record(Type.String(), Type.Array(Transition))),
        }),
      ),
      warnings: Type.Optional(Type.Array(Type.String())),
    },
    { description: 'The time series of each channel.' },
  ),
);

export const JobStates = ['new', 'started', 'done', 'error'] as const;
export const JobAnswer = Type.Unsafe<JobStatus>(
  Type.Object(
    {
      id: Type.String(),
      state: Type.Enum([...JobStates]),
      created_at: Type.String({ format: 'date-time' }),
      finished_at: Type.Optional(Type.String({ format: 'date-time' })),
      tries: Type.Integer({ description: 'How often the job was started.' }),
      error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
    },
    { description: 'A job.' },
  ),
);
export const JobId = Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{32}$' }) });
export const longestUrl = 8192;
export const UrlBody = Type.Object({ url: Type.String({ minLength: 1, maxLength: longestUrl }) }, closed);

export const TokenBody = Type.Object(
  {
    seconds: Type.Optional(
      Type.Integer({ minimum: 1, description: 'How long it lives; default 600, or less where less is allowed.' }),
    ),
  },
  closed,
);
export const TokenAnswer = Type.Object({
  token: Type.String(),
  expires_at: Type.Integer({ description: 'Unix time.' }),
});

export const ErrorAnswer = Type.Object(
  { error: Type.Object({ code: Type.String(), message: Type.String() }) },
  { description: 'What went wrong: a code to act on and a sentence.' },
);

const errorStatuses = [400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503] as const;

/** The errors that a path may answer with, for its schema. */
export function errors(...statuses: (typeof errorStatuses)[number][]): Record<number, TSchema> {
  return Object.fromEntries(statuses.map((status) => [status, ErrorAnswer]));
}
