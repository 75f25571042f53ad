import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { paginate } from '../../http/schemas.ts';
import { auditQuery, manyEntries, verifyAnswer } from './audit.schemas.ts';
import type { AuditService } from './audit.service.ts';

const tags = ['Audit'];
const config = { access: 'admin' } as const;

/** `/audit` (contract §7). */
export function auditRoutes({ audit }: { audit: AuditService }): FastifyPluginAsyncZod {
  return async (app) => {
    app.route({
      method: 'GET',
      url: '/audit',
      config,
      schema: {
        tags,
        summary: 'Who did what, the newest first',
        querystring: auditQuery,
        response: { 200: manyEntries },
      },
      handler: async ({ query }) => {
        const { page, per_page: perPage } = query;
        const { entries, total } = await audit.list(query);
        return { success: true as const, data: entries, pagination: paginate({ page, perPage, total }) };
      },
    });

    app.route({
      method: 'GET',
      url: '/audit/verify',
      config,
      schema: {
        tags,
        summary: 'Prove that no entry was changed or removed',
        description: 'Recomputes the chain of hashes over the whole log; see decision 20 for what it shows.',
        response: { 200: verifyAnswer },
      },
      handler: async () => {
        const { checked, intact, firstBrokenId } = await audit.verify();
        return { success: true as const, data: { checked, intact, first_broken_id: firstBrokenId } };
      },
    });
  };
}
