import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { callerOf, currentUser } from '../../http/request.ts';
import { idParams, success } from '../../http/schemas.ts';
import { delegateBody, delegationAnswer, delegationsAnswer } from './delegations.schemas.ts';
import type { DelegationsService } from './delegations.service.ts';

/** `/validation/delegations` (contract §6). */
export function delegationsRoutes({
  delegations,
}: {
  delegations: DelegationsService;
}): FastifyPluginAsyncZod {
  const tags = ['Validation'];
  const one = success(delegationAnswer);
  return async (app) => {
    app.route({
      method: 'GET',
      url: '/validation/delegations',
      config: { access: 'session' },
      schema: {
        tags,
        summary: 'List what the caller lent and was lent',
        response: { 200: delegationsAnswer },
      },
      handler: async (request) => ({
        success: true as const,
        data: await delegations.list(currentUser(request).id),
      }),
    });

    app.route({
      method: 'POST',
      url: '/validation/delegations',
      config: { access: 'session', audit: { action: 'validation.delegate' } },
      schema: {
        tags,
        summary: 'Lend one’s power to decide to another user for some days',
        description:
          'Never more than the caller may decide themself at the moment of the decision: their roles, scopes, ' +
          'limits and days still hold, and what is lent to them is not lent on. The receiver is told.',
        body: delegateBody,
        response: { 201: one },
      },
      handler: async (request, reply) => {
        const caller = callerOf(request);
        reply.code(201);
        return { success: true as const, data: await delegations.create({ caller, fields: request.body }) };
      },
    });

    app.route({
      method: 'DELETE',
      url: '/validation/delegations/:id',
      config: { access: 'session', audit: { action: 'validation.revoke', object: 'delegation' } },
      schema: {
        tags,
        summary: 'End a delegation at once',
        description: 'For who made it, and for administrators. It stays in the lists.',
        params: idParams,
        response: { 200: one },
      },
      handler: async (request) => {
        const { id } = request.params;
        return { success: true as const, data: await delegations.revoke({ caller: callerOf(request), id }) };
      },
    });
  };
}
