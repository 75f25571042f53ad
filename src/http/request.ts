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

/** Who does something, and from where: the server itself where both are null. */
export interface Actor {
  user: { id: number; username: string } | null;
  address: string | null;
}

/** An actor who is signed in. */
export interface Caller extends Actor {
  user: SessionUser;
}

/**
 * Who may call a route; declared on each one (contract §3), enforced by `authorization.ts`.
 * - `public`: anybody; `session`: anybody signed in; `admin`: administrators
 * - `self`: the user `:userId`, and administrators
 * - `operations`: administrators, or a caller on loopback with no forwarding header (contract §1)
 * - `document:read`, `document:write`, `document:own`: who may read the document `:id` or `:documentId`, change
 *   it, or dispose of it as its owner does; a 403 to who may do less, and a 404 to who may not see it
 * - `document:decide`: who may read it, and who could decide on it if nobody had: the decision says more
 */
export type Access =
  | 'public'
  | 'session'
  | 'self'
  | 'admin'
  | 'operations'
  | 'document:decide'
  | 'document:read'
  | 'document:write'
  | 'document:own';

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

/** The caller, whoever it is. */
export function actorOf({ user, ip }: FastifyRequest): Actor {
  return { user, address: ip };
}

/** The caller of a route whose access needs a session. */
export function callerOf(request: FastifyRequest): Caller {
  return { user: currentUser(request), address: request.ip };
}
