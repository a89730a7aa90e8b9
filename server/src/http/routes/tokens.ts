/** Temporary tokens: what a page may hold, where a key must not be. */
import type { App, Service } from '../app.ts';
import { ServiceError } from '../errors.ts';
import { errors, TokenAnswer, TokenBody } from '../schemas.ts';

export function tokenRoutes(app: App, { keyring, settings }: Service): void {
  app.post(
    '/v1/tokens',
    {
      schema: {
        operationId: 'createToken',
        summary: 'A temporary token for a browser',
        description: 'It opens calls and analyses audio until it expires; it makes no tokens and has no jobs.',
        body: TokenBody,
        response: { 201: TokenAnswer, ...errors(400, 401, 403, 429, 503) },
        tags: ['tokens'],
      },
    },
    async ({ caller, body }, reply) => {
      if (!caller || caller.kind === 'token' || caller.kind === 'twilio')
        throw new ServiceError(403, 'key_needed', 'a token is made with a key');
      const { seconds = Math.min(600, settings.tokenSeconds) } = body;
      if (seconds > settings.tokenSeconds)
        throw new ServiceError(400, 'bad_argument', `seconds: at most ${settings.tokenSeconds}`);
      return reply.code(201).header('cache-control', 'no-store').send(keyring.issue(caller, seconds));
    },
  );
}
