/** The service: Fastify with its plugins, the rules for every request, and the paths. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import websocket from '@fastify/websocket';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyRequest,
  type FastifySchema,
  LogController,
  type RawServerDefault,
} from 'fastify';
import type { Engine } from 'undertone';
import type { Downloader } from '../jobs/download.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Store } from '../jobs/store.ts';
import { Calls, type LiveContext } from '../live/calls.ts';
import type { Metrics } from '../metrics.ts';
import type { Settings } from '../settings.ts';
import type { Caller, Keyring } from './auth.ts';
import { bodyOf, draining, publicError, ServiceError } from './errors.ts';
import { analysisRoutes } from './routes/analysis.ts';
import { jobRoutes } from './routes/jobs.ts';
import { liveRoutes } from './routes/live.ts';
import { operationRoutes } from './routes/operations.ts';
import { pageRoutes } from './routes/page.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { UrlBody } from './schemas.ts';

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | undefined;
  }
  interface FastifyContextConfig {
    /** The body is audio. */
    audio?: boolean;
    /** Or JSON with a URL. */
    orUrl?: boolean;
  }
}

export interface Parts {
  readonly settings: Settings;
  readonly engine: Engine;
  readonly keyring: Keyring;
  readonly metrics: Metrics;
  readonly jobs: Jobs;
  readonly store: Store;
  readonly downloader: Downloader;
  /** Folder for bodies on their way. */
  readonly temporary: string;
  readonly logger: FastifyBaseLogger;
  readonly version: string;
}

export interface Service extends Parts {
  readonly calls: Calls;
  readonly live: LiveContext;
  /** True from SIGTERM on. */
  ending: boolean;
}

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** A body is spooled or collected by its path, up to `maxBody`; only JSON is read here, and it is short. */
const mostJson = 64 * 1024;

export async function createApp(parts: Parts): Promise<{ app: App; service: Service }> {
  const { settings, engine, keyring, metrics } = parts;
  const calls = new Calls(settings, metrics);
  const service: Service = { ...parts, calls, live: { engine, settings, metrics, keyring, calls }, ending: false };
  const app: App = Fastify({
    loggerInstance: parts.logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    trustProxy: settings.trustProxy,
    bodyLimit: mostJson,
    requestTimeout: settings.bodySeconds * 1000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 1000, maxHeaderSize: 16_384 },
    forceCloseConnections: 'idle',
    ajv: { customOptions: { removeAdditional: false, coerceTypes: 'array', allErrors: false } },
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.decorateRequest('caller', undefined);
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const known = settledError(error);
    if (known.statusCode >= 500 && known.code !== 'shutting_down') {
      metrics.errors.inc({ kind: known.code });
      request.log.error({ err: error }, 'a request failed');
    }
    metrics.refused.inc({ code: known.code });
    if (known.retryAfter !== undefined) reply.header('retry-after', known.retryAfter);
    // What is left of a body that was refused is not waited for.
    if (!request.raw.complete) reply.header('connection', 'close');
    return reply.code(known.statusCode).send(bodyOf(known));
  });
  app.setNotFoundHandler((_, reply) =>
    reply.code(404).send(bodyOf(new ServiceError(404, 'not_found', 'there is no such path'))),
  );
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.requestSeconds.observe({ route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
    if (route === '/healthz' || route === '/readyz' || route === '/metrics') return;
    // The route and not the URL: a query may hold a token.
    const { method, caller } = request;
    request.log.info(
      { method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime), key: caller?.id },
      'answered',
    );
  });
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload));

  await app.register(swagger, { openapi: openapi(parts.version), transform: described });
  await app.register(websocket, {
    options: { maxPayload: settings.maxMessage * 1000, perMessageDeflate: false },
    // Each call ends in its own way, in Calls.drain.
    preClose: (done) => done(),
    errorHandler: (error, socket, request) => {
      request.log.error({ err: error }, 'a call failed');
      socket.terminate();
    },
  });

  await app.register(async (open: App) => {
    operationRoutes(open, service);
    await pageRoutes(open);
  });
  await app.register(async (guarded: App) => {
    guarded.addHook('onRequest', async (request) => {
      if (service.ending) throw draining();
      request.caller = keyring.find(request);
    });
    // Before the refusal, so that wrong keys are counted by address and right ones by key. Its hook belongs to each
    // route, and so runs after all of this plugin's own of the same kind.
    if (settings.rateLimit > 0) await guarded.register(rateLimit, rateLimitOptions(settings));
    guarded.addHook('preParsing', async (request) => {
      if (!request.caller && !bringsItLater(request))
        throw new ServiceError(401, 'unauthorized', 'a key is needed: Authorization: Bearer KEY, or X-Api-Key');
    });
    analysisRoutes(guarded, service);
    jobRoutes(guarded, service);
    tokenRoutes(guarded, service);
    liveRoutes(guarded, service);
  });
  return { app, service };
}

/** Twilio's handshake has no place for a key: it is signed, or the start message brings a token. */
function bringsItLater(request: FastifyRequest): boolean {
  return request.routeOptions.url === '/twilio';
}

function rateLimitOptions({ rateLimit: max }: Settings) {
  return {
    max,
    timeWindow: 60_000,
    hook: 'onRequest' as const,
    keyGenerator: (request: FastifyRequest) => request.caller?.id ?? request.ip,
    errorResponseBuilder: (_: FastifyRequest, { ttl }: { ttl: number }) =>
      new ServiceError(429, 'rate_limited', `at most ${max} requests a minute`, Math.max(1, Math.ceil(ttl / 1000))),
  };
}

/** Fastify's own errors in our form. */
function settledError(error: FastifyError): ServiceError {
  if (error.validation) {
    const [fault] = error.validation;
    const where = `${error.validationContext ?? 'request'}${(fault?.instancePath ?? '').replaceAll('/', '.')}`;
    const extra = fault?.params['additionalProperty'];
    const allowed = fault?.params['allowedValues'];
    const detail =
      extra === undefined
        ? `${fault?.message}${Array.isArray(allowed) ? `: ${allowed.join(', ')}` : ''}`
        : `there is no ${String(extra)}`;
    return new ServiceError(400, 'bad_argument', `${where}: ${detail}`);
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new ServiceError(413, 'body_too_large', `JSON may have ${mostJson} bytes at most`);
  if (String(error.code).startsWith('FST_ERR_CTP') || error instanceof SyntaxError)
    return new ServiceError(400, 'bad_body', 'the body is no JSON that can be read');
  return publicError(error);
}

/** What OpenAPI is told besides: bodies of audio, which pass by Fastify's own parsing, and WebSockets. */
function described({
  schema,
  url,
  route,
}: {
  schema: FastifySchema;
  url: string;
  route: { websocket?: boolean; config?: { audio?: boolean; orUrl?: boolean } };
}) {
  // @fastify/websocket hides its paths; their queries belong to the description all the same.
  if (route.websocket) return { schema: { ...schema, hide: false }, url };
  const { audio, orUrl } = route.config ?? {};
  if (!audio) return { schema, url };
  const bytes = {
    schema: { type: 'string', format: 'binary', description: 'A file, or raw samples where `encoding` is given.' },
  };
  const content = { 'application/octet-stream': bytes, ...(orUrl && { 'application/json': { schema: UrlBody } }) };
  return { schema: { ...schema, body: { content } }, url };
}

function openapi(version: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'undertone-server',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'What is heard in audio: speech, music or other; a male or a female voice. Every error is {"error": {"code", "message"}}; 429 and 503 say in Retry-After when to come again.',
    },
    components: {
      securitySchemes: {
        bearer: { type: 'http' as const, scheme: 'bearer' },
        key: { type: 'apiKey' as const, in: 'header' as const, name: 'X-Api-Key' },
      },
    },
    security: [{ bearer: [] }, { key: [] }] as Record<string, string[]>[],
  };
}
