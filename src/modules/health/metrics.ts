import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { HealthService } from './health.service.ts';

/** Prometheus' text for `/metrics`: the process, the requests by route, and each target's state. */
export function createMetrics({ health }: { health: HealthService }) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'classeur_http_request_duration_seconds',
    help: 'Time from the request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers: [registry],
  });
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const database = gauge('classeur_database_latency_seconds', 'Time of an empty query');
  const free = gauge('classeur_disk_free_bytes', 'Free space where the documents lie');
  const pending = gauge('classeur_sync_pending', 'Documents not yet on the target', ['target']);
  const failed = gauge('classeur_sync_failed', 'Documents whose copy needs a person', ['target']);
  const lag = gauge('classeur_sync_lag_seconds', 'Age of the oldest document not yet on the target', [
    'target',
  ]);
  const success = gauge('classeur_sync_last_success_timestamp_seconds', 'Last run without an error', [
    'target',
  ]);
  const jobs = gauge('classeur_jobs', 'Background jobs, by kind and state', ['job', 'state']);
  const jobLag = gauge('classeur_jobs_lag_seconds', 'Age of the oldest job that could have begun', ['job']);

  return {
    contentType: registry.contentType,

    observe(app: FastifyInstance): void {
      app.addHook('onResponse', async (request, reply) => {
        const route = request.routeOptions.url ?? 'none';
        requests.observe(
          { method: request.method, route, status: reply.statusCode },
          reply.elapsedTime / 1000,
        );
      });
    },

    async text(): Promise<string> {
      const status = await health.status();
      database.set(status.database.latency_ms / 1000);
      free.set(status.disk.free_bytes);
      // A target that is gone must not keep its last figures.
      for (const each of [pending, failed, lag, success]) each.reset();
      for (const target of status.targets) {
        const labels = { target: target.name };
        pending.set(labels, target.pending);
        failed.set(labels, target.failed);
        lag.set(labels, target.lag_seconds);
        if (target.last_success_at) success.set(labels, Date.parse(target.last_success_at) / 1000);
      }
      for (const { name: job, waiting, running, failed: failures, lag_seconds } of status.jobs) {
        jobs.set({ job, state: 'waiting' }, waiting);
        jobs.set({ job, state: 'running' }, running);
        jobs.set({ job, state: 'failed' }, failures);
        jobLag.set({ job }, lag_seconds);
      }
      return registry.metrics();
    },
  };
}
