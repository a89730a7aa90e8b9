/** Jobs: audio, or a URL to fetch, analysed when their turn comes; results kept for a time. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyRequest } from 'fastify';
import type { Asked } from '../../analysis.ts';
import { type FoundJob, type Job, type JobSource, newJobId, resultName } from '../../jobs/jobs.ts';
import { storeNames } from '../../jobs/store.ts';
import type { App, Service } from '../app.ts';
import { spool } from '../body.ts';
import { ServiceError } from '../errors.ts';
import { errors, FileAnswer, FileQuery, JobAnswer, JobId, longestUrl } from '../schemas.ts';
import { bodyStream } from './analysis.ts';

const needsJobs = () => new ServiceError(503, 'queue_unavailable', "the queue can't be reached", 5);
const notFound = () => new ServiceError(404, 'no_such_job', 'there is no such job, or its time is over');

export function jobRoutes(app: App, service: Service): void {
  const { jobs, store, settings, temporary, downloader } = service;
  const tags = ['jobs'];

  app.post(
    '/file-processing/jobs',
    {
      schema: {
        operationId: 'createJob',
        summary: 'A recording to analyse later',
        description:
          'The body is a recording, raw samples with `encoding`, or JSON {"url"}. The same Idempotency-Key gives the same job.',
        querystring: FileQuery,
        response: { 202: JobAnswer, ...errors(400, 401, 403, 409, 413, 415, 422, 429, 500, 503) },
        tags,
      },
      config: { audio: true, orUrl: true },
    },
    async (request, reply) => {
      const owner = ownerOf(request);
      // Before the body is read, and once more when it is there: many may have come meanwhile.
      await mustHavePlace();
      const id = idFor(request, owner);
      const { source, fingerprint } = await take(request, id);
      const job: Job = { source, asked: request.query, owner, fingerprint };
      const known = await reach(() => jobs.find(id));
      if (known && known.job.fingerprint !== fingerprint) {
        throw new ServiceError(422, 'idempotency_mismatch', 'Idempotency-Key: it came before, with another request');
      }
      if (!known) {
        await mustHavePlace();
        await reach(() => jobs.add(id, job));
      }
      const found = await reach(() => jobs.find(id));
      if (!found) throw needsJobs();
      return reply.code(202).header('location', `/file-processing/jobs/${id}`).send(found.status);
    },
  );

  app.get(
    '/file-processing/jobs/:id',
    {
      schema: {
        operationId: 'getJob',
        summary: 'How a job stands',
        params: JobId,
        response: { 200: JobAnswer, ...errors(400, 401, 403, 404, 429, 503) },
        tags,
      },
    },
    async (request) => (await mine(request)).status,
  );

  app.get(
    '/file-processing/jobs/:id/results',
    {
      schema: {
        operationId: 'getJobResults',
        summary: 'What a job found',
        params: JobId,
        response: { 200: FileAnswer, ...errors(400, 401, 403, 404, 409, 422, 429, 503) },
        tags,
      },
    },
    async (request, reply) => {
      const { job, status } = await mine(request);
      if (status.error) throw new ServiceError(422, status.error.code, status.error.message);
      if (status.state !== 'done') throw new ServiceError(409, 'not_done', `the job is ${status.state}`, 1);
      const result = await store.get(resultName(status.id, job));
      if (!result) throw notFound();
      // It was written as JSON of this very schema.
      return reply
        .type('application/json; charset=utf-8')
        .serializer((text: string) => text)
        .send(result.toString() as never);
    },
  );

  app.delete(
    '/file-processing/jobs/:id',
    {
      schema: {
        operationId: 'deleteJob',
        summary: 'Takes a waiting job back, or forgets one that has ended',
        params: JobId,
        response: errors(400, 401, 403, 404, 409, 429, 503),
        tags,
      },
    },
    async (request, reply) => {
      const { job, status } = await mine(request);
      if (!(await reach(() => jobs.remove(status.id))))
        throw new ServiceError(409, 'under_way', 'the job is under way', 1);
      await Promise.all([store.remove(resultName(status.id, job)), store.remove(storeNames.jobAudio(status.id))]);
      return reply.code(204).send();
    },
  );

  async function mustHavePlace(): Promise<void> {
    const { new: waiting } = await reach(() => jobs.counts());
    if (waiting < settings.maxJobs) return;
    throw new ServiceError(429, 'too_many_jobs', `${waiting} jobs wait, as many as may be`, 30);
  }

  async function mine(request: FastifyRequest): Promise<FoundJob> {
    const { id } = request.params as { id: string };
    const found = await reach(() => jobs.find(id));
    if (!found || found.job.owner !== ownerOf(request)) throw notFound();
    return found;
  }

  /** Brings the audio to where workers find it. */
  async function take(request: FastifyRequest, id: string): Promise<{ source: JobSource; fingerprint: string }> {
    const asked = request.query as Asked;
    if (/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
      const { url } = urlIn(request.body);
      downloader.check(url);
      return { source: { kind: 'url', url }, fingerprint: fingerprintOf(asked, url) };
    }
    const path = join(temporary, randomUUID());
    try {
      const { hash } = await spool(bodyStream(request), path, settings.maxBody * 1e6);
      const fingerprint = fingerprintOf(asked, hash);
      const known = await reach(() => jobs.find(id));
      if (!known) await store.put(storeNames.jobAudio(id), createReadStream(path));
      return { source: { kind: 'upload' }, fingerprint };
    } finally {
      await rm(path, { force: true });
    }
  }
}

function ownerOf({ caller }: FastifyRequest): string {
  if (!caller || caller.kind === 'token' || caller.kind === 'twilio')
    throw new ServiceError(403, 'key_needed', 'jobs need a key, not a temporary token');
  return caller.id;
}

/** A key of the caller's own makes an id of its own, so that two front processes agree on it. */
function idFor({ headers }: FastifyRequest, owner: string): string {
  const key = headers['idempotency-key'];
  if (key === undefined) return newJobId();
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new ServiceError(400, 'bad_argument', 'Idempotency-Key: 1 to 255 printable characters');
  }
  return createHash('sha256').update(`${owner}\n${key}`).digest('hex').slice(0, 32);
}

function fingerprintOf(asked: Asked, content: string): string {
  const sorted = Object.entries(asked).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([sorted, content]))
    .digest('hex')
    .slice(0, 32);
}

function urlIn(body: unknown): { url: string } {
  const fields = body as Partial<Record<string, unknown>> | null;
  const { url } = fields ?? {};
  if (typeof url !== 'string' || url.length > longestUrl || Object.keys(fields ?? {}).length !== 1) {
    throw new ServiceError(400, 'bad_argument', 'the JSON body is {"url": "…"} and nothing else');
  }
  return { url };
}

/** The queue may be away for a moment. */
async function reach<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw needsJobs();
  }
}
