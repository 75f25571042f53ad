import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { z } from 'zod';
import { adminRequired, documentNotFound, forbidden, unauthorized } from './http.errors.ts';
import { InputError } from './input.ts';
import { type Access, currentUser, type SessionUser } from './request.ts';
import { idText } from './schemas.ts';

/**
 * What a user may do with one document, each more than the one before. `decided`: nothing any more, but it awaited
 * their decision until somebody else decided, and who decides too late is to hear that.
 */
const documentAccesses = ['none', 'decided', 'read', 'write', 'own'] as const;
export type DocumentAccess = (typeof documentAccesses)[number];

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

/** The id in the path, read as the handler will read it: what one takes for an id, the other must not take for none. */
function pathId(request: FastifyRequest, name: string): number {
  const parsed = z.looseObject({ [name]: idText }).safeParse(request.params, { reportInput: true });
  if (!parsed.success) throw new InputError(parsed.error.issues);
  return parsed.data[name] as number;
}

const documentNeeds: Partial<Record<Access, DocumentAccess>> = {
  'document:decide': 'decided',
  'document:read': 'read',
  'document:write': 'write',
  'document:own': 'own',
};

async function checkDocument(
  request: FastifyRequest,
  need: DocumentAccess,
  findAccess: FindDocumentAccess,
): Promise<void> {
  const name = 'documentId' in (request.params as object) ? 'documentId' : 'id';
  const access = await findAccess({ user: currentUser(request), documentId: pathId(request, name) });
  if (access === 'none' || (access === 'decided' && need !== 'decided')) throw documentNotFound();
  if (documentAccesses.indexOf(access) < documentAccesses.indexOf(need)) throw forbidden();
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
    const { user } = request;
    if (!user) throw unauthorized();
    if (access === 'admin' || access === 'operations') {
      if (!user.isAdmin) throw adminRequired();
    } else if (access === 'self') {
      if (!user.isAdmin && pathId(request, 'userId') !== user.id) throw forbidden();
    }
    const need = documentNeeds[access];
    if (need) await checkDocument(request, need, findDocumentAccess);
  });
}
