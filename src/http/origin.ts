import type { FastifyRequest } from 'fastify';
import { foreignOrigin } from './http.errors.ts';

const harmless = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses state-changing requests that a browser sends on behalf of another site (contract §3). Browsers
 * always say where such a request comes from, in `Sec-Fetch-Site` or `Origin`; curl says neither and passes.
 */
export function refuseForeignOrigin(allowedOrigins: readonly string[]) {
  const allowed = new Set(allowedOrigins);
  return async (request: FastifyRequest): Promise<void> => {
    if (harmless.has(request.method)) return;
    const { origin } = request.headers;
    const site = request.headers['sec-fetch-site'];
    if (origin !== undefined && allowed.has(origin)) return;
    if (site === 'same-origin' || site === 'none') return;
    if (site === undefined && (origin === undefined || origin === `${request.protocol}://${request.host}`))
      return;
    throw foreignOrigin();
  };
}
