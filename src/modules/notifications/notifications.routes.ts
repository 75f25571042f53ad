import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { openEventStream } from '../../http/event-stream.ts';
import { currentUser } from '../../http/request.ts';
import { idParams } from '../../http/schemas.ts';
import type { SessionStore } from '../auth/session-store.ts';
import type { NotificationStreams } from './notification-streams.ts';
import {
  listAnswer,
  listQuery,
  oneAnswer,
  readAllAnswer,
  streamHeaders,
  unreadAnswer,
} from './notifications.schemas.ts';
import type { NotificationsService } from './notifications.service.ts';

/** `/notifications` (seed 004, contract §6): each user's own, and nobody else's. */
export function notificationsRoutes({
  notifications: service,
  notificationStreams: streams,
  sessions,
  signal,
}: {
  notifications: NotificationsService;
  notificationStreams: NotificationStreams;
  sessions: SessionStore;
  signal: AbortSignal;
}): FastifyPluginAsyncZod {
  const tags = ['Notifications'];
  const config = { access: 'session' } as const;
  return async (app) => {
    app.route({
      method: 'GET',
      url: '/notifications',
      config,
      schema: {
        tags,
        summary: "List one's notifications, the newest first",
        description:
          'Titles and messages are in the language of the request. Those of documents that the caller may no longer see are left out, here and in all counts.',
        querystring: listQuery,
        response: { 200: listAnswer },
      },
      handler: async (request) => ({
        success: true as const,
        data: await service.list({
          user: currentUser(request),
          locale: request.locale,
          ...request.query,
        }),
      }),
    });

    app.route({
      method: 'GET',
      url: '/notifications/unread',
      config,
      schema: {
        tags,
        summary: 'How many notifications are unread, and which',
        response: { 200: unreadAnswer },
      },
      handler: async (request) => ({
        success: true as const,
        ...(await service.unread({ user: currentUser(request), locale: request.locale })),
      }),
    });

    app.route({
      method: 'GET',
      url: '/notifications/stream',
      config,
      schema: {
        tags,
        summary: 'Hear of notifications as they come, as server-sent events',
        description:
          'The answer stays open. The event `unread` (`{count, by_priority}`) comes first, and again when something was read, in whatever window. The event `notification` has an `id` and holds what the list shows of one. Browsers (`EventSource`) ask again by themselves, with `Last-Event-ID`. The stream ends with the session. Of more than 10 streams of a user the oldest ends.',
        headers: streamHeaders,
        produces: ['text/event-stream'],
      },
      handler: async (request, reply) => {
        const { sessionId } = request.session;
        const readUser = () => sessions.peek(sessionId);
        const isOpen = async () => (await readUser()) !== undefined;
        const stream = openEventStream({ request, reply, signal, isOpen });
        if (stream) {
          streams.join({
            userId: currentUser(request).id,
            stream,
            locale: request.locale,
            readUser,
            lastEventId: request.headers['last-event-id'],
          });
        }
        return reply;
      },
    });

    app.route({
      method: 'POST',
      url: '/notifications/:id/read',
      config,
      schema: {
        tags,
        summary: 'Mark a notification as read',
        description: 'Again is fine.',
        params: idParams,
        response: { 200: oneAnswer },
      },
      handler: async (request) => ({
        success: true as const,
        data: await service.read({
          user: currentUser(request),
          id: request.params.id,
          locale: request.locale,
        }),
      }),
    });

    app.route({
      method: 'POST',
      url: '/notifications/read-all',
      config,
      schema: {
        tags,
        summary: "Mark all of one's notifications as read",
        response: { 200: readAllAnswer },
      },
      handler: async (request) => ({
        success: true as const,
        count: await service.readAll(currentUser(request)),
      }),
    });
  };
}
