import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { currentUser } from '../../http/request.ts';
import { idParams, success } from '../../http/schemas.ts';
import { applyAnswer, applyBody } from '../tags/rules/rules.schemas.ts';
import {
  correspondentAnswer,
  createCorrespondentBody,
  updateCorrespondentBody,
} from './correspondents.schemas.ts';
import type { CorrespondentsService } from './correspondents.service.ts';

/** `/correspondents` (seed 004, contract §5): read, made and changed by everybody, deleted by administrators. */
export function correspondentsRoutes({
  correspondents: service,
}: {
  correspondents: CorrespondentsService;
}): FastifyPluginAsyncZod {
  const tags = ['Correspondents'];
  const one = success(correspondentAnswer);
  return async (app) => {
    app.route({
      method: 'GET',
      url: '/correspondents',
      config: { access: 'session' },
      schema: {
        tags,
        summary: 'List all correspondents, by name',
        description: 'Everybody sees every correspondent.',
        response: { 200: success(z.array(correspondentAnswer)) },
      },
      handler: async (request) => ({
        success: true as const,
        data: await service.list(currentUser(request)),
      }),
    });

    app.route({
      method: 'POST',
      url: '/correspondents',
      config: { access: 'session' },
      schema: {
        tags,
        summary: 'Add a correspondent',
        description:
          'Every user may add correspondents. The rule runs over documents that are created from now on with no correspondent; the first that matches, by id, is taken; `POST /correspondents/{id}/apply` runs it over those that are there.',
        body: createCorrespondentBody,
        response: { 201: one },
      },
      handler: async (request, reply) => {
        const created = await service.create({ user: currentUser(request), fields: request.body });
        reply.code(201).header('Location', `/api/v1/correspondents/${created.id}`);
        return { success: true as const, data: created };
      },
    });

    app.route({
      method: 'GET',
      url: '/correspondents/:id',
      config: { access: 'session' },
      schema: { tags, summary: 'Read a correspondent', params: idParams, response: { 200: one } },
      handler: async (request) => ({
        success: true as const,
        data: await service.get({ user: currentUser(request), id: request.params.id }),
      }),
    });

    app.route({
      method: 'PUT',
      url: '/correspondents/:id',
      config: { access: 'session' },
      schema: {
        tags,
        summary: 'Change a correspondent',
        description: 'Every user may change correspondents.',
        params: idParams,
        body: updateCorrespondentBody,
        response: { 200: one },
      },
      handler: async (request) => ({
        success: true as const,
        data: await service.update({
          user: currentUser(request),
          id: request.params.id,
          fields: request.body,
        }),
      }),
    });

    app.route({
      method: 'DELETE',
      url: '/correspondents/:id',
      config: { access: 'admin' },
      schema: {
        tags,
        summary: 'Remove a correspondent',
        description: 'For administrators; its documents are left without one.',
        params: idParams,
        response: { 200: one },
      },
      handler: async (request) => ({
        success: true as const,
        data: await service.remove({ user: currentUser(request), id: request.params.id }),
      }),
    });

    app.route({
      method: 'POST',
      url: '/correspondents/:id/apply',
      config: { access: 'session' },
      schema: {
        tags,
        summary: 'Run the rule of a correspondent over the documents that are there',
        description:
          'Over all documents that the caller may see, without the trash: those that match and have no correspondent get this one. With `dry_run` nothing changes.',
        params: idParams,
        body: applyBody.nullish(),
        response: { 200: applyAnswer },
      },
      handler: async (request) => ({
        success: true as const,
        data: await service.apply({
          user: currentUser(request),
          id: request.params.id,
          dryRun: request.body?.dry_run ?? false,
        }),
      }),
    });
  };
}
