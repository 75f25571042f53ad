import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Locale } from '../../errors.ts';
import { currentUser } from '../../http/request.ts';
import { idParams, paginate } from '../../http/schemas.ts';
import type { Run } from './runs.queries.ts';
import { type RunsService, sayRunError } from './runs.service.ts';
import {
  configAnswer,
  documentAnswer,
  listQuery,
  runAccepted,
  runAnswer,
  runBody,
  runDetailAnswer,
  runListAnswer,
  runParams,
  runQuery,
  statusAnswer,
  testAnswer,
} from './sync.schemas.ts';
import type { SyncService } from './sync.service.ts';
import { statusRetrieved } from './sync-requests.errors.ts';

function toView(run: Omit<Run, 'errors'>) {
  return {
    id: run.runId,
    trigger: run.trigger,
    state: run.state as 'running',
    total: run.total,
    synced: run.synced,
    failed: run.failed,
    bytes: run.bytes,
    started_at: run.startedAt.toISOString(),
    finished_at: run.finishedAt?.toISOString() ?? null,
    targets: run.targets.map(({ targetId, ...part }) => ({ target_id: targetId, ...part })),
  };
}

const detail = (run: Run, locale: Locale) => ({
  success: true as const,
  data: { ...toView(run), errors: run.errors.map((error) => sayRunError(error, locale)) },
});

/** `/sync/…` over all enabled targets, and its runs (contract §7, seeds 000 and 001). */
export function syncRoutes({ sync, runs }: { sync: SyncService; runs: RunsService }): FastifyPluginAsyncZod {
  return async (app) => {
    const tags = ['Sync'];
    const config = { access: 'admin' } as const;

    app.route({
      method: 'GET',
      url: '/sync/status',
      config: { access: 'session' },
      schema: { tags, summary: 'How many documents are on every target', response: { 200: statusAnswer } },
      handler: async (request) => ({
        success: true as const,
        message: statusRetrieved[request.locale],
        ...(await sync.status()),
      }),
    });

    app.route({
      method: 'GET',
      url: '/sync/config',
      config,
      schema: { tags, summary: 'What is configured; never a secret', response: { 200: configAnswer } },
      handler: async () => ({ success: true as const, ...(await sync.config()) }),
    });

    app.route({
      method: 'POST',
      url: '/sync/test',
      config,
      schema: { tags, summary: 'Test every enabled target; 200 either way', response: { 200: testAnswer } },
      handler: async (request) => sync.test(request.locale),
    });

    app.route({
      method: 'POST',
      url: '/sync/run',
      config,
      schema: {
        tags,
        summary: 'Sync all pending documents; joins the run under way',
        body: runBody,
        querystring: runQuery,
        response: { 200: runAnswer, 202: runAccepted },
      },
      handler: async (request, reply) => {
        const options = {
          trigger: 'manual' as const,
          requestedById: currentUser(request).id,
          targetId: request.body?.target_id ?? null,
          documentIds: request.body?.document_ids ?? null,
        };
        if (request.query.wait === 'false') {
          const { runId } = await runs.start(options);
          return reply.code(202).send({ success: true as const, run_id: runId });
        }
        const run = await runs.run(options);
        return reply.code(200).send({
          success: run.failed === 0 && run.errors.length === 0 && run.state !== 'cancelled',
          run_id: run.runId,
          state: run.state,
          total: run.total,
          synced: run.synced,
          failed: run.failed,
          errors: run.errors.map((error) => sayRunError(error, request.locale)),
        });
      },
    });

    app.route({
      method: 'POST',
      url: '/sync/document/:id',
      config,
      schema: {
        tags,
        summary: 'Sync one document, and prove its copies',
        params: idParams,
        response: { 200: documentAnswer },
      },
      handler: async (request) => sync.document(request.params.id, currentUser(request).id, request.locale),
    });

    app.route({
      method: 'GET',
      url: '/sync/runs',
      config,
      schema: {
        tags,
        summary: 'Runs, the newest first',
        querystring: listQuery,
        response: { 200: runListAnswer },
      },
      handler: async (request) => {
        const { page, per_page: perPage } = request.query;
        const { total, runs: rows } = await runs.list({ page, perPage });
        return {
          success: true as const,
          data: rows.map(toView),
          pagination: paginate({ page, perPage, total }),
        };
      },
    });

    app.route({
      method: 'GET',
      url: '/sync/runs/:id',
      config,
      schema: {
        tags,
        summary: 'One run and its errors',
        params: runParams,
        response: { 200: runDetailAnswer },
      },
      handler: async (request) => detail(await runs.read(request.params.id), request.locale),
    });

    app.route({
      method: 'POST',
      url: '/sync/runs/:id/cancel',
      config,
      schema: {
        tags,
        summary: 'End a run; what it did not get to stays pending',
        params: runParams,
        response: { 200: runDetailAnswer },
      },
      handler: async (request) => detail(await runs.cancel(request.params.id), request.locale),
    });
  };
}
