/** Whether this process lives and takes work, its figures, and its interface as OpenAPI. */
import { Type } from 'typebox';
import type { App, Service } from '../app.ts';

const Health = Type.Object({ status: Type.String() });

export function operationRoutes(app: App, service: Service): void {
  const { jobs, metrics } = service;
  const tags = ['operations'];
  const security: [] = [];

  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'getHealth',
        summary: 'Whether the process lives',
        response: { 200: Health },
        tags,
        security,
      },
    },
    async () => ({ status: 'ok' }),
  );

  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'getReadiness',
        summary: 'Whether it takes work',
        response: { 200: Health, 503: Health },
        tags,
        security,
      },
    },
    async (_, reply) => {
      if (service.ending) return reply.code(503).send({ status: 'ending' });
      if (!(await jobs.ready())) return reply.code(503).send({ status: 'queue unavailable' });
      return { status: 'ok' };
    },
  );

  app.get('/metrics', { schema: { hide: true } }, async (_, reply) => {
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });

  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}
