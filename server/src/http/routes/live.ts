/** Live calls, and those who follow one. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { streamCall } from '../../live/stream.ts';
import { twilioCall } from '../../live/twilio.ts';
import type { App, Service } from '../app.ts';
import { signedByTwilio } from '../auth.ts';
import { ServiceError } from '../errors.ts';
import { errors, FollowQuery, StreamQuery, TwilioQuery } from '../schemas.ts';

const upgrades = { 101: Type.Null({ description: 'A WebSocket.' }), ...errors(400, 401, 404, 409, 429, 503) };

export function liveRoutes(app: App, { settings, calls, live }: Service): void {
  const tags = ['live'];

  app.get(
    '/stream',
    {
      websocket: true,
      schema: {
        operationId: 'openStream',
        summary: 'A live stream, as a WebSocket',
        description:
          'Binary frames of audio in; {"message_type": "results", "results": {"channels": {"0": {"timestamp", "results"}}}} out. ' +
          '{"type": "KeepAlive"} keeps a silent call open, {"type": "CloseStream"} ends it once all is answered.',
        querystring: StreamQuery,
        response: upgrades,
        tags,
      },
      preHandler: async ({ query }) => {
        calls.mustTakeOne();
        if (query.call_id !== undefined) calls.mustBeFree(query.call_id);
      },
    },
    (socket, request) => {
      const { call_id, token: _token, ...asked } = request.query;
      void streamCall(live, socket, request.log, asked, call_id);
    },
  );

  app.get(
    '/twilio',
    {
      websocket: true,
      schema: {
        operationId: 'openTwilio',
        summary: 'Twilio Media Streams, as a WebSocket',
        description:
          'What is asked for may also come as custom parameters of the stream, a key or token as the one named "token". ' +
          'Each track is a channel: inbound 0, outbound 1.',
        querystring: TwilioQuery,
        response: upgrades,
        tags,
      },
      preHandler: async () => calls.mustTakeOne(),
    },
    (socket, request) => {
      const { token: _token, results, ...asked } = request.query;
      const signature = request.headers['x-twilio-signature'];
      const signed =
        settings.twilioAuthToken !== undefined &&
        signedByTwilio(calledUrl(request), signature, settings.twilioAuthToken);
      twilioCall(live, socket, request.log, {
        asked,
        results,
        authorized: request.caller !== undefined || signed,
        fromTwilio: signature !== undefined,
      });
    },
  );

  app.get(
    '/calls/:id/results',
    {
      websocket: true,
      schema: {
        operationId: 'followCall',
        summary: 'Follows the results of a live call, as a WebSocket',
        description: 'By its call_id, or for Twilio by its callSid, on the process that has the call.',
        params: Type.Object({ id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }) }),
        querystring: FollowQuery,
        response: upgrades,
        tags,
      },
      preHandler: async ({ params }) => {
        if (!calls.isOpen(params.id)) throw new ServiceError(404, 'no_such_call', 'no such call is under way here');
      },
    },
    (socket, request) => calls.follow(request.params.id, socket),
  );

  /** The URL that Twilio signed: as it was called from outside. */
  function calledUrl({ url, headers }: FastifyRequest): string {
    return `${settings.publicUrl?.replace(/\/$/, '') ?? `wss://${headers.host}`}${url}`;
  }
}
