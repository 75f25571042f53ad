import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { z } from 'zod';
import { adminRequired, documentNotFound, forbidden, unauthorized } from './http.errors.ts';
import { InputError } from './input.ts';
import { type Access, currentUser, type SessionUser } from './request.ts';
import { idText } from './schemas.ts';

/** What a user may do with one document. */
export type DocumentAccess = 'none' | 'read' | 'write';

export type FindDocumentAccess = (o: { user: SessionUser; documentId: number }) => Promise<DocumentAccess>;

interface DeclaredAccess {
  method: string;
  url: string;
  access: Access | undefined;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** every registered route and who may call it: a test calls each one and holds it to this */
    declaredAccess: DeclaredAccess[];
  }
}

const loopback = /^(127\.|::1$|::ffff:127\.)/;
const forwarding = [
  'forwarded',
  'via',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
];

/** A caller on this machine, not one that a proxy on this machine speaks for. */
function isOnLoopback(request: FastifyRequest): boolean {
  return (
    loopback.test(request.socket.remoteAddress ?? '') &&
    forwarding.every((name) => request.headers[name] === undefined)
  );
}

const ofDocument = z.looseObject({ id: idText });

async function checkDocument(
  request: FastifyRequest,
  need: 'read' | 'write',
  findAccess: FindDocumentAccess,
) {
  // Read as the handler will read it: what one takes for an id, the other must not take for none.
  const parsed = ofDocument.safeParse(request.params, { reportInput: true });
  if (!parsed.success) throw new InputError(parsed.error.issues);
  const access = await findAccess({ user: currentUser(request), documentId: parsed.data.id });
  if (access === 'none') throw documentNotFound();
  if (need === 'write' && access !== 'write') throw forbidden();
}

/**
 * Enforces `config.access` on every route before its body is read. A route that declares none does not start
 * the server.
 */
export function authorize(
  app: FastifyInstance,
  { findDocumentAccess }: { findDocumentAccess: FindDocumentAccess },
): void {
  const declared: DeclaredAccess[] = [];
  app.decorate('declaredAccess', declared);
  app.addHook('onRoute', (route: RouteOptions) => {
    for (const method of [route.method].flat()) {
      declared.push({ method, url: route.url, access: route.config?.access });
    }
    if (!route.config?.access)
      throw new Error(`${route.method} ${route.url} does not declare who may call it`);
  });
  app.addHook('onRequest', async (request) => {
    const { access } = request.routeOptions.config;
    // Undefined on the way to a 404 only: every route declares one.
    if (access === undefined || access === 'public') return;
    if (access === 'operations' && isOnLoopback(request)) return;
    if (!request.user) throw unauthorized();
    if (access === 'admin' || access === 'operations') {
      if (!request.user.isAdmin) throw adminRequired();
    } else if (access === 'document:read') await checkDocument(request, 'read', findDocumentAccess);
    else if (access === 'document:write') await checkDocument(request, 'write', findDocumentAccess);
  });
}
