import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { SyncTarget as TargetRow } from '../../database/generated/client.ts';
import { idParams } from '../../http/schemas.ts';
import type { ConnectionsService } from './connections.service.ts';
import {
  createTargetBody,
  deletedAnswer,
  targetAnswer,
  targetListAnswer,
  testOneAnswer,
  updateTargetBody,
} from './sync.schemas.ts';
import type { TargetsService } from './targets.service.ts';

function toView(row: TargetRow) {
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    enabled: row.enabled,
    origin: row.origin as 'api' | 'environment',
    policy: row.policy as 'keep',
    options: row.options as Record<string, unknown>,
    marked_at: row.markedAt?.toISOString() ?? null,
    last_success_at: row.lastSuccessAt?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}

const answer = (row: TargetRow) => ({ success: true as const, data: toView(row) });

/** `/sync/targets…` (contract §7). */
export function targetsRoutes({
  targets,
  connections,
}: {
  targets: TargetsService;
  connections: ConnectionsService;
}): FastifyPluginAsyncZod {
  return async (app) => {
    const tags = ['Sync targets'];
    const config = { access: 'admin' } as const;

    app.route({
      method: 'GET',
      url: '/sync/targets',
      config,
      schema: { tags, summary: 'All targets', response: { 200: targetListAnswer } },
      handler: async () => ({ success: true as const, data: (await targets.list()).map(toView) }),
    });

    app.route({
      method: 'POST',
      url: '/sync/targets',
      config,
      schema: {
        tags,
        summary: 'Add a target; every document is pending on it from then on',
        body: createTargetBody,
        response: { 201: targetAnswer },
      },
      handler: async (request, reply) => {
        const row = await targets.create({ schedule: null, ...request.body });
        return reply.code(201).header('Location', `/api/v1/sync/targets/${row.id}`).send(answer(row));
      },
    });

    app.route({
      method: 'GET',
      url: '/sync/targets/:id',
      config,
      schema: { tags, summary: 'One target', params: idParams, response: { 200: targetAnswer } },
      handler: async (request) => answer(await targets.find(request.params.id)),
    });

    app.route({
      method: 'PUT',
      url: '/sync/targets/:id',
      config,
      schema: {
        tags,
        summary: 'Change a target; what is left out stays as it is',
        params: idParams,
        body: updateTargetBody,
        response: { 200: targetAnswer },
      },
      handler: async (request) => answer(await targets.update(request.params.id, request.body)),
    });

    app.route({
      method: 'DELETE',
      url: '/sync/targets/:id',
      config,
      schema: {
        tags,
        summary: 'Forget a target; what lies on it stays there',
        params: idParams,
        response: { 200: deletedAnswer },
      },
      handler: async (request) => {
        await targets.remove(request.params.id);
        return { success: true as const };
      },
    });

    app.route({
      method: 'POST',
      url: '/sync/targets/:id/test',
      config,
      schema: {
        tags,
        summary: 'Write, read back, replace and delete a file on the target',
        params: idParams,
        response: { 200: testOneAnswer },
      },
      handler: async (request) => {
        const result = await connections.test(await targets.find(request.params.id));
        return {
          ...result.target,
          success: result.success,
          message: result.say(request.locale),
          clock_drift_ms: result.clockDriftMs,
          free_bytes: result.freeBytes,
        };
      },
    });

    app.route({
      method: 'POST',
      url: '/sync/targets/:id/adopt',
      config,
      schema: {
        tags,
        summary: 'Take a target whose marker is missing or another’s; all its copies are proved again',
        params: idParams,
        response: { 200: targetAnswer },
      },
      handler: async (request) => {
        await connections.adopt(await targets.find(request.params.id));
        return answer(await targets.find(request.params.id));
      },
    });
  };
}
