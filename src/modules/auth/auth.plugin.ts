import cookie from '@fastify/cookie';
import session from '@fastify/session';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import type { ProvedUser } from '../users/credentials.ts';
import type { SessionStore } from './session-store.ts';

const cookieName = 'classeur_session';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** a public route that reads the session all the same */
    readsSession?: boolean;
  }
}

/**
 * Sessions by cookie (contract §3): sets `request.user`, null without a living session. Register it before
 * the authorization. Public routes ask the database nothing: `/health` answers while it is away.
 */
export const authPlugin = fp(
  async (app, { store, secret }: { store: SessionStore; secret: string }) => {
    app.decorateRequest('user', null);
    await app.register(cookie);
    app.addHook('onRequest', async (request) => {
      const { access = 'public', readsSession = false } = request.routeOptions.config;
      if (access === 'public' && !readsSession) delete request.cookies[cookieName];
    });
    await app.register(session, {
      store,
      secret,
      cookieName,
      cookie: { path: '/', httpOnly: true, sameSite: 'lax', secure: 'auto' },
      saveUninitialized: false,
      rolling: false,
    });
    app.addHook('onRequest', async (request) => {
      request.user = request.session.user ?? null;
    });
  },
  { name: 'auth', fastify: '5.x' },
);

/**
 * Gives the caller a session under a new id; the one the request came with is gone. Throws
 * `auth.invalid_credentials` where the user was changed since the proof.
 */
export async function openSession(request: FastifyRequest, proved: ProvedUser): Promise<void> {
  await request.session.regenerate();
  request.session.proved = proved;
  try {
    await request.session.save();
  } catch (error) {
    // Else the answer's own hook would try to save it again.
    delete request.session.proved;
    throw error;
  }
  request.user = proved.user;
  // The answer sets the new cookie; without this it would clear the old one of the same name first.
  delete request.cookies[cookieName];
}

/** Ends the caller's session, here and in the browser. */
export async function closeSession(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  await request.session.destroy();
  reply.clearCookie(cookieName, { path: '/' });
}
