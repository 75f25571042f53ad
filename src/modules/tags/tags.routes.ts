import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { currentUser } from '../../http/request.ts';
import { idParams, success } from '../../http/schemas.ts';
import { applyAnswer, applyBody } from './rules/rules.schemas.ts';
import { createTagBody, tagAnswer, updateTagBody } from './tags.schemas.ts';
import type { TagsService } from './tags.service.ts';

/** `/tags` (seed 004, contract §5): read, made and changed by everybody, deleted by administrators. */
export function tagsRoutes({ tags: service }: { tags: TagsService }): FastifyPluginAsyncZod {
  const tags = ['Tags'];
  const one = success(tagAnswer);
  return async (app) => {
    app.route({
      method: 'GET',
      url: '/tags',
      config: { access: 'session' },
      schema: {
        tags,
        summary: 'List all tags, by name',
        description: 'A flat list: `parent_id` makes it a tree. Everybody sees every tag.',
        response: { 200: success(z.array(tagAnswer)) },
      },
      handler: async (request) => ({
        success: true as const,
        data: await service.list(currentUser(request)),
      }),
    });

    app.route({
      method: 'POST',
      url: '/tags',
      config: { access: 'session' },
      schema: {
        tags,
        summary: 'Add a tag',
        description:
          'Every user may add tags. They form a tree of at most five levels. The rule runs over documents that are created from now on; `POST /tags/{id}/apply` runs it over those that are there.',
        body: createTagBody,
        response: { 201: one },
      },
      handler: async (request, reply) => {
        const created = await service.create({ user: currentUser(request), fields: request.body });
        reply.code(201).header('Location', `/api/v1/tags/${created.id}`);
        return { success: true as const, data: created };
      },
    });

    app.route({
      method: 'GET',
      url: '/tags/:id',
      config: { access: 'session' },
      schema: { tags, summary: 'Read a tag', params: idParams, response: { 200: one } },
      handler: async (request) => ({
        success: true as const,
        data: await service.get({ user: currentUser(request), id: request.params.id }),
      }),
    });

    app.route({
      method: 'PUT',
      url: '/tags/:id',
      config: { access: 'session' },
      schema: {
        tags,
        summary: 'Change a tag',
        description:
          'Every user may change tags. With another parent, the documents of the tag, and of those below it, get the tags that are above it now, and keep those that were.',
        params: idParams,
        body: updateTagBody,
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
      url: '/tags/:id',
      config: { access: 'admin' },
      schema: {
        tags,
        summary: 'Remove a tag',
        description:
          'For administrators; its documents lose it. A tag with others below it is a 409 with their ids as `children`.',
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
      url: '/tags/:id/apply',
      config: { access: 'session' },
      schema: {
        tags,
        summary: 'Run the rule of a tag over the documents that are there',
        description:
          'Over all documents that the caller may see, without the trash: those that match get the tag and those above it. Nothing is taken away. With `dry_run` nothing changes.',
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
