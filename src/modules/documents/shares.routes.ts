import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { callerOf } from '../../http/request.ts';
import { idParams, success } from '../../http/schemas.ts';
import { shareAnswer, shareBody, shareParams } from './shares.schemas.ts';
import type { SharesService } from './shares.service.ts';

/** `/documents/{id}/shares` (contract §4, “what was shared with them”): for the owner and administrators. */
export function sharesRoutes({ shares }: { shares: SharesService }): FastifyPluginAsyncZod {
  const tags = ['Documents'];
  const access = 'document:own' as const;
  const one = success(shareAnswer);
  return async (app) => {
    app.route({
      method: 'GET',
      url: '/documents/:id/shares',
      config: { access },
      schema: {
        tags,
        summary: 'Whom a document is shared with',
        params: idParams,
        response: { 200: success(z.array(shareAnswer)) },
      },
      handler: async ({ params }) => ({ success: true as const, data: await shares.list(params.id) }),
    });

    app.route({
      method: 'PUT',
      url: '/documents/:id/shares/:userId',
      config: { access, audit: { action: 'shares.set', object: 'document' } },
      schema: {
        tags,
        summary: 'Share a document with a user, or change what a share allows',
        params: shareParams,
        body: shareBody,
        response: { 200: one, 201: one },
      },
      handler: async (request, reply) => {
        const { id: documentId, userId } = request.params;
        const { created, share } = await shares.share({
          caller: callerOf(request),
          documentId,
          userId,
          access: request.body.access,
        });
        reply.code(created ? 201 : 200);
        return { success: true as const, data: share };
      },
    });

    app.route({
      method: 'DELETE',
      url: '/documents/:id/shares/:userId',
      config: { access, audit: { action: 'shares.remove', object: 'document' } },
      schema: {
        tags,
        summary: 'End the share of a document with a user',
        params: shareParams,
        response: { 200: one },
      },
      handler: async (request) => {
        const { id: documentId, userId } = request.params;
        const data = await shares.unshare({ caller: callerOf(request), documentId, userId });
        return { success: true as const, data };
      },
    });
  };
}
