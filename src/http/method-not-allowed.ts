import type { FastifyInstance, HTTPMethods } from 'fastify';
import { methodNotAllowed } from './http.errors.ts';

const methods: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Known addresses answer other methods with 405 and `Allow` (contract §2), and OPTIONS with what they allow.
 * Call it first: it hears of each route, and adds the refusals when all of them are there.
 */
export function answerOtherMethods(app: FastifyInstance): { addRefusals: () => void } {
  const known = new Map<string, Set<string>>();
  app.addHook('onRoute', (route) => {
    if (route.url.includes('*')) return;
    const allowed = known.get(route.url) ?? new Set<string>();
    for (const method of [route.method].flat()) allowed.add(method);
    known.set(route.url, allowed);
  });
  return {
    addRefusals() {
      for (const [url, allowed] of [...known]) {
        const allow = [...methods.filter((method) => allowed.has(method)), 'OPTIONS'].join(', ');
        const refused = methods.filter((method) => !allowed.has(method));
        const config = { access: 'public' } as const;
        if (refused.length > 0) {
          app.route({
            method: refused,
            url,
            config,
            schema: { hide: true },
            exposeHeadRoute: false,
            // Before the body is read: it would be read for nothing.
            onRequest: async (request) => {
              throw methodNotAllowed({
                params: { method: request.method, allow },
                headers: { Allow: allow },
              });
            },
            handler: async () => undefined,
          });
        }
        app.route({
          method: 'OPTIONS',
          url,
          config,
          schema: { hide: true },
          handler: async (_request, reply) => reply.code(204).header('Allow', allow).send(),
        });
      }
    },
  };
}
