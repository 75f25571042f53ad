import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { defineError } from '../../errors.ts';
import { instant, success } from '../../http/schemas.ts';
import type { HealthService } from './health.service.ts';
import type { createMetrics } from './metrics.ts';

const notReady = defineError('health.not_ready', 503, {
  fr: 'Le serveur n’est pas prêt.',
  en: 'The server is not ready.',
});

const check = z.enum(['ok', 'failed']);
const statusAnswer = success(
  z.object({
    version: z.string(),
    uptime_seconds: z.int(),
    database: z.object({ latency_ms: z.number() }),
    disk: z.object({ free_bytes: z.number(), total_bytes: z.number() }),
    queue: z.object({ pending: z.int(), failed: z.int() }).describe('Copies to sync targets'),
    jobs: z
      .array(
        z.object({
          name: z.string(),
          waiting: z.int(),
          running: z.int(),
          failed: z.int().describe('Given up within the last day'),
          lag_seconds: z.int().describe('Age of the oldest that could have begun'),
        }),
      )
      .describe('Background work, by its kind'),
    targets: z.array(
      z.object({
        id: z.int(),
        name: z.string(),
        type: z.string(),
        enabled: z.boolean(),
        last_success_at: instant.nullable(),
        lag_seconds: z.int(),
        pending: z.int(),
        failed: z.int(),
      }),
    ),
  }),
);

/** The addresses of operations, at the root and outside the rate limit (contract §1). */
export function healthRoutes({
  health,
  metrics,
}: {
  health: HealthService;
  metrics: ReturnType<typeof createMetrics>;
}): FastifyPluginAsyncZod {
  return async (app) => {
    const tags = ['Operations'];
    app.route({
      method: 'GET',
      url: '/health',
      config: { access: 'public' },
      schema: {
        tags,
        summary: 'Is the server alive',
        response: { 200: success(z.object({ status: z.literal('ok') })) },
      },
      handler: async () => ({ success: true as const, data: { status: 'ok' as const } }),
    });

    app.route({
      method: 'GET',
      url: '/health/ready',
      config: { access: 'public' },
      schema: {
        tags,
        summary: 'Are database, store and migrations good',
        response: {
          200: success(
            z.object({
              status: z.literal('ready'),
              checks: z.object({ database: check, store: check, migrations: check }),
            }),
          ),
        },
      },
      handler: async () => {
        const checks = await health.readiness();
        if (Object.values(checks).includes('failed')) throw notReady({ body: { checks } });
        return { success: true as const, data: { status: 'ready' as const, checks } };
      },
    });

    for (const url of ['/status', '/health/status']) {
      app.route({
        method: 'GET',
        url,
        config: { access: 'operations' },
        schema: {
          tags,
          summary: 'Version, uptime, database, disk, queue and targets',
          response: { 200: statusAnswer },
        },
        handler: async () => ({ success: true as const, data: await health.status() }),
      });
    }

    app.route({
      method: 'GET',
      url: '/metrics',
      config: { access: 'operations' },
      schema: { tags, summary: 'The same for Prometheus', produces: ['text/plain'] },
      handler: async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
    });
  };
}
