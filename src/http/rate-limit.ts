import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { rateLimited } from './http.errors.ts';

/** At most `max` requests a minute and address, with the seed's headers (contract §2); 0 switches it off. */
export async function limitRate(app: FastifyInstance, max: number): Promise<void> {
  if (max === 0) return;
  await app.register(rateLimit, { global: false });
  const check = app.createRateLimit({ max, timeWindow: '1 minute' });
  app.addHook('onRequest', async (request, reply) => {
    // The addresses of operations, at the root, are outside the limit (contract §1).
    // By the route, not by what was written: `/%61pi/` leads to the same one.
    const address = request.routeOptions.url ?? request.url;
    if (!address.startsWith('/api/') && !address.startsWith('/.netlify/')) return;
    const state = await check(request);
    if (state.isAllowed) return;
    const seconds = Math.max(1, Math.ceil(state.ttl / 1000));
    reply.headers({
      'X-RateLimit-Limit': String(state.max),
      'X-RateLimit-Remaining': String(Math.max(0, state.remaining)),
      'X-RateLimit-Reset': String(Math.ceil((Date.now() + state.ttl) / 1000)),
    });
    if (state.isExceeded)
      throw rateLimited({ params: { seconds }, headers: { 'Retry-After': String(seconds) } });
  });
}
