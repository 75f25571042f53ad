import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { currentUser, type SessionUser } from '../../http/request.ts';
import { idParams, success } from '../../http/schemas.ts';
import type { Applied } from './rules/apply-rule.ts';
import { applyAnswer, applyBody } from './rules/rules.schemas.ts';

/** What a route says of itself in the OpenAPI document. */
interface Words {
  summary: string;
  description?: string;
}

interface LabelService<Answer, New, Changes> {
  list: (user: SessionUser) => Promise<Answer[]>;
  get: (o: { user: SessionUser; id: number }) => Promise<Answer>;
  create: (o: { user: SessionUser; fields: New }) => Promise<Answer>;
  update: (o: { user: SessionUser; id: number; fields: Changes }) => Promise<Answer>;
  remove: (o: { user: SessionUser; id: number }) => Promise<Answer>;
  apply: (o: { user: SessionUser; id: number; dryRun: boolean }) => Promise<Applied>;
}

/**
 * The routes of tags and of correspondents, which are the same (contract §5): read, made and changed by everybody,
 * deleted by administrators, each with a rule that can be run.
 */
export function labelRoutes<Answer extends { id: number }, New, Changes>({
  url,
  section,
  service,
  answer,
  createBody,
  updateBody,
  words,
}: {
  url: string;
  /** of the OpenAPI document */
  section: string;
  service: LabelService<Answer, New, Changes>;
  answer: z.ZodType<Answer, Answer>;
  createBody: z.ZodType<New>;
  updateBody: z.ZodType<Changes>;
  words: Record<'list' | 'create' | 'read' | 'change' | 'remove' | 'apply', Words>;
}): FastifyPluginAsyncZod {
  const tags = [section];
  const one = success(answer);
  return async (app) => {
    app.route({
      method: 'GET',
      url,
      config: { access: 'session' },
      schema: { tags, ...words.list, response: { 200: success(z.array(answer)) } },
      handler: async (request) => ({
        success: true as const,
        data: await service.list(currentUser(request)),
      }),
    });

    app.route({
      method: 'POST',
      url,
      config: { access: 'session' },
      schema: { tags, ...words.create, body: createBody, response: { 201: one } },
      handler: async (request, reply) => {
        const created = await service.create({ user: currentUser(request), fields: request.body as New });
        reply.code(201).header('Location', `/api/v1${url}/${created.id}`);
        return { success: true as const, data: created };
      },
    });

    app.route({
      method: 'GET',
      url: `${url}/:id`,
      config: { access: 'session' },
      schema: { tags, ...words.read, params: idParams, response: { 200: one } },
      handler: async (request) => ({
        success: true as const,
        data: await service.get({ user: currentUser(request), id: request.params.id }),
      }),
    });

    app.route({
      method: 'PUT',
      url: `${url}/:id`,
      config: { access: 'session' },
      schema: { tags, ...words.change, params: idParams, body: updateBody, response: { 200: one } },
      handler: async (request) => ({
        success: true as const,
        data: await service.update({
          user: currentUser(request),
          id: request.params.id,
          fields: request.body as Changes,
        }),
      }),
    });

    app.route({
      method: 'DELETE',
      url: `${url}/:id`,
      config: { access: 'admin' },
      schema: { tags, ...words.remove, params: idParams, response: { 200: one } },
      handler: async (request) => ({
        success: true as const,
        data: await service.remove({ user: currentUser(request), id: request.params.id }),
      }),
    });

    app.route({
      method: 'POST',
      url: `${url}/:id/apply`,
      config: { access: 'session' },
      schema: {
        tags,
        ...words.apply,
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
