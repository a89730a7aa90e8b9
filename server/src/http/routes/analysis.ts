/** Chunks and files that are answered at once. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { type Analysed, analyseChunk, analyseRecording } from '../../analysis.ts';
import type { App, Service } from '../app.ts';
import { collect, spool } from '../body.ts';
import { ServiceError } from '../errors.ts';
import { ChunkAnswer, ChunkQuery, errors, FileAnswer, FileQuery } from '../schemas.ts';

const statuses = errors(400, 401, 413, 415, 422, 429, 500, 503);
export function analysisRoutes(app: App, service: Service): void {
  const { engine, settings, metrics, temporary } = service;
  let underWay = 0;

  /** One analysis, in its turn: bounded in number and in time, and given up when the caller leaves. */
  async function answer<T>(
    request: FastifyRequest,
    source: 'chunk' | 'file',
    analyse: (signal: AbortSignal) => Promise<Analysed<T>>,
  ): Promise<T> {
    const gone = new AbortController();
    const leave = () => gone.abort(new ServiceError(503, 'caller_left', 'the caller left'));
    request.raw.socket.once('close', leave);
    const start = performance.now();
    try {
      const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(settings.analysisSeconds * 1000)]);
      const { output, audioSeconds } = await analyse(signal);
      metrics.analysed(source, audioSeconds, (performance.now() - start) / 1000);
      return output;
    } finally {
      request.raw.socket.off('close', leave);
    }
  }

  /** A place among those that are analysed at once, from before the body is read: bodies fill memory and disk too. */
  async function place<T>(work: () => Promise<T>): Promise<T> {
    if (underWay >= settings.maxRequests)
      throw new ServiceError(429, 'busy', `${underWay} requests are under way, as many as may be`, 1);
    metrics.waiting.set(++underWay);
    try {
      return await work();
    } finally {
      metrics.waiting.set(--underWay);
    }
  }

  app.post(
    '/v1/chunk',
    {
      schema: {
        operationId: 'analyseChunk',
        summary: 'One answer for a chunk of audio',
        querystring: ChunkQuery,
        response: { 200: ChunkAnswer, ...statuses },
        tags: ['analysis'],
      },
      config: { audio: true },
    },
    async (request) =>
      place(async () => {
        const body = await collect(bodyStream(request), settings.maxBody * 1e6);
        return answer(request, 'chunk', (signal) => analyseChunk(engine, body, request.query, signal));
      }),
  );

  app.post(
    '/file-processing',
    {
      schema: {
        operationId: 'analyseFile',
        summary: 'The time series of a recording',
        querystring: FileQuery,
        response: { 200: FileAnswer, ...statuses },
        tags: ['analysis'],
      },
      config: { audio: true },
    },
    async (request) =>
      place(async () => {
        const path = join(temporary, randomUUID());
        try {
          await spool(bodyStream(request), path, settings.maxBody * 1e6);
          return await answer(request, 'file', (signal) => analyseRecording(engine, path, request.query, signal));
        } finally {
          await rm(path, { force: true });
        }
      }),
  );
}

/** @throws ServiceError where the body is none, or a form */
export function bodyStream(request: FastifyRequest): Readable {
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('multipart/'))
    throw new ServiceError(
      415,
      'no_form',
      'the body is the audio itself, as curl --data-binary @FILE sends it; no form',
    );
  const body = request.body as Readable | undefined | null;
  if (typeof body?.pipe !== 'function') {
    throw new ServiceError(415, 'audio_needed', 'the body is audio: send it as application/octet-stream or audio/…');
  }
  return body;
}
