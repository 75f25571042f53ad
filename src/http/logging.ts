import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

/** A request's id: its caller's where that is a plain word, so that a proxy's and ours are the same. */
export function requestId(request: { headers: Record<string, string | string[] | undefined> }): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{8,100}$/.test(given) ? given : randomUUID();
}

/** Keys whose values never reach the log, wherever they stand. */
export const redactedPaths = ['password', 'secret', 'token', 'authorization', 'cookie'].flatMap((key) => [
  key,
  `*.${key}`,
  `*.*.${key}`,
]);

/**
 * One line a request, when its answer is out: no query and no header, since they may hold what is nobody's
 * business. A fault's cause stands in that same line.
 */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('X-Request-Id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    const line = {
      method: request.method,
      path: request.url.split('?', 1)[0],
      route: request.routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      address: request.ip,
      user: request.user?.id,
    };
    if (reply.statusCode >= 500) request.log.error({ ...line, err: request.fault }, 'request failed');
    else if (request.routeOptions.url?.startsWith('/health')) request.log.debug(line, 'request');
    else request.log.info(line, 'request');
  });
}
