import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { currentUser } from '../../http/request.ts';
import { closeSession, openSession } from './auth.plugin.ts';
import { doneAnswer, loginBody, passwordBody, presentSessionUser, sessionAnswer } from './auth.schemas.ts';
import type { AuthService } from './auth.service.ts';

const tags = ['Sessions'];

/** `/auth/*` (contract §3). */
export function authRoutes({ auth }: { auth: AuthService }): FastifyPluginAsyncZod {
  return async (app) => {
    app.route({
      method: 'POST',
      url: '/auth/login',
      config: { access: 'public', readsSession: true },
      schema: {
        tags,
        summary: 'Sign in',
        description:
          'Opens a session under a new id and sets the cookie `classeur_session`. It ends 12 hours after its ' +
          'last request, 7 days after its beginning at the latest. From the fifth wrong password on, an account ' +
          'is locked for 1, 2, 4 … seconds up to 15 minutes; an address from the twentieth. While locked, every ' +
          'attempt is a 429 with `Retry-After`, and is not counted.',
        body: loginBody,
        response: { 200: sessionAnswer },
      },
      handler: async (request) => {
        const proved = await auth.login({ ...request.body, address: request.ip });
        await openSession(request, proved);
        return { success: true as const, data: presentSessionUser(proved.user) };
      },
    });

    app.route({
      method: 'POST',
      url: '/auth/logout',
      config: { access: 'session' },
      schema: { tags, summary: 'Sign out', response: { 200: doneAnswer } },
      handler: async (request, reply) => {
        await closeSession(request, reply);
        return { success: true as const, data: null };
      },
    });

    app.route({
      method: 'GET',
      url: '/auth/me',
      config: { access: 'session' },
      schema: { tags, summary: 'Who is signed in', response: { 200: sessionAnswer } },
      handler: async (request) => ({
        success: true as const,
        data: presentSessionUser(currentUser(request)),
      }),
    });

    app.route({
      method: 'POST',
      url: '/auth/password',
      config: { access: 'session' },
      schema: {
        tags,
        summary: "Change one's own password",
        description: 'Ends the other sessions of the user; this one goes on under a new id (a new cookie).',
        body: passwordBody,
        response: { 200: sessionAnswer },
      },
      handler: async (request) => {
        const { current_password: currentPassword, new_password: newPassword } = request.body;
        const user = currentUser(request);
        const proved = await auth.changePassword({ user, currentPassword, newPassword, address: request.ip });
        await openSession(request, proved);
        return { success: true as const, data: presentSessionUser(proved.user) };
      },
    });
  };
}
