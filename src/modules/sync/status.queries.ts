import type { Database } from '../../database/client.ts';
import type { TargetHealth } from '../health/health.service.ts';

/**
 * How many documents are on every enabled target. Every document has a row in the journal of each target, so
 * only the rows that are not synced are counted: the cost does not grow with what is already there.
 */
export async function countSynced(
  db: Database,
): Promise<{ total: number; pending: number; enabledTargets: number }> {
  const [row] = await db.$queryRaw<{ total: number; pending: number; targets: number }[]>`
    SELECT
      (SELECT count(*)::int FROM documents WHERE trashed_at IS NULL) AS total,
      (SELECT count(DISTINCT c.document_id)::int FROM sync_copies c JOIN sync_targets t ON t.id = c.target_id
        WHERE t.enabled AND c.state IN ('pending', 'sending', 'failed')) AS pending,
      (SELECT count(*)::int FROM sync_targets WHERE enabled) AS targets`;
  const { total, pending, targets } = row ?? { total: 0, pending: 0, targets: 0 };
  return { total, pending: targets === 0 ? total : Math.min(pending, total), enabledTargets: targets };
}

/** Each target as `/status` and `/metrics` show it. */
export async function readTargetHealth(db: Database): Promise<TargetHealth[]> {
  const rows = await db.$queryRaw<
    {
      id: number;
      name: string;
      type: string;
      enabled: boolean;
      last_success_at: Date | null;
      pending: number;
      failed: number;
      lag: number;
    }[]
  >`
    SELECT t.id, t.name, t.type, t.enabled, t.last_success_at, w.pending, w.failed, w.lag
    FROM sync_targets t CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE c.state <> 'failed')::int AS pending, count(*) FILTER (WHERE c.state = 'failed')::int AS failed,
        coalesce(greatest(0, extract(epoch FROM now() - min(d.updated_at)))::int, 0) AS lag
      FROM sync_copies c LEFT JOIN documents d ON d.id = c.document_id
      WHERE c.target_id = t.id AND c.state IN ('pending', 'sending', 'failed')
    ) w
    ORDER BY t.name`;
  return rows.map(({ lag, last_success_at, ...row }) => ({
    ...row,
    last_success_at: last_success_at?.toISOString() ?? null,
    lag_seconds: lag,
  }));
}
