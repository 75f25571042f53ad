import { statfs } from 'node:fs/promises';
import type { Database } from '../../database/client.ts';
import type { JobCounts } from '../../jobs/jobs.ts';

export type Check = 'ok' | 'failed';

export interface TargetHealth {
  id: number;
  name: string;
  type: string;
  enabled: boolean;
  last_success_at: string | null;
  /** age in seconds of the oldest document that is not there yet; 0 when all are */
  lag_seconds: number;
  pending: number;
  failed: number;
}

export type HealthService = ReturnType<typeof createHealthService>;

/** What `/health/ready` and `/status` tell (contract §1). */
export function createHealthService({
  db,
  dataDir,
  version,
  pendingMigrations,
  checkStore,
  targetHealth,
  jobCounts,
}: {
  db: Database;
  dataDir: string;
  version: string;
  pendingMigrations: () => Promise<string[]>;
  checkStore: () => Promise<void>;
  targetHealth: () => Promise<TargetHealth[]>;
  jobCounts: () => Promise<JobCounts[]>;
}) {
  const outcome = async (check: Promise<unknown>): Promise<Check> => {
    try {
      await check;
      return 'ok';
    } catch {
      return 'failed';
    }
  };

  return {
    version,

    /** Each part that must be good before requests are sent here. */
    async readiness(): Promise<{ database: Check; store: Check; migrations: Check }> {
      const migrated = async () => {
        if ((await pendingMigrations()).length > 0) throw new Error('migrations are pending');
      };
      const [database, store, migrations] = await Promise.all([
        outcome(db.$queryRaw`SELECT 1`),
        outcome(checkStore()),
        outcome(migrated()),
      ]);
      return { database, store, migrations };
    },

    async status() {
      const started = performance.now();
      await db.$queryRaw`SELECT 1`;
      const latency = performance.now() - started;
      const [disk, targets, jobs] = await Promise.all([statfs(dataDir), targetHealth(), jobCounts()]);
      return {
        version,
        uptime_seconds: Math.floor(process.uptime()),
        database: { latency_ms: Math.round(latency * 100) / 100 },
        disk: { free_bytes: disk.bavail * disk.bsize, total_bytes: disk.blocks * disk.bsize },
        queue: {
          pending: targets.reduce((sum, target) => sum + target.pending, 0),
          failed: targets.reduce((sum, target) => sum + target.failed, 0),
        },
        jobs,
        targets,
      };
    },
  };
}
