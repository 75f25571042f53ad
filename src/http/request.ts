import type { FastifyRequest } from 'fastify';
import type { Locale } from '../errors.ts';

/** Who is signed in: read from the session with every request, so a deactivated user is nobody at once. */
export interface SessionUser {
  id: number;
  username: string;
  displayName: string;
  email: string | null;
  isAdmin: boolean;
  /** whether they may see documents of others: shared with them, or to be or once decided by them */
  seesMore: boolean;
}

/**
 * Who may call a route; declared on each one (contract §3), enforced by `authorization.ts`.
 * - `public`: anybody; `session`: anybody signed in; `admin`: administrators
 * - `operations`: administrators, or a caller on loopback with no forwarding header (contract §1)
 * - `document:read`, `document:write`: who may read or change the document `:id`; to others it is a 404
 */
export type Access = 'public' | 'session' | 'admin' | 'operations' | 'document:read' | 'document:write';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    user: SessionUser | null;
    locale: Locale;
    /** what a 5xx was caused by, for the request's one log line */
    fault: unknown;
  }
}

/** The signed-in user of a route whose access needs one. */
export function currentUser(request: FastifyRequest): SessionUser {
  if (!request.user) throw new Error('this route declares an access that needs no session');
  return request.user;
}
