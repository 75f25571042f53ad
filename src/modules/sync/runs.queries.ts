import type { Database, Transaction } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import type { TextParams } from '../../errors.ts';

/** States of a run's part on one target that is not over. */
export const openParts = ['waiting', 'running'];

/**
 * What a run came to, counted in documents: those it handled, and on targets that failed those it did not get
 * to. A document is synced when it is on every target of the run.
 */
export async function runTotals(
  db: Database | Transaction,
  { runId, documentIds }: { runId: number; documentIds: number[] | null },
): Promise<{ total: number; synced: number; failed: number; bytes: bigint }> {
  const only = documentIds ? Prisma.sql`AND c.document_id = ANY(${documentIds})` : Prisma.empty;
  const [row] = await db.$queryRaw<{ total: number; failed: number; bytes: bigint }[]>`
    WITH parts AS (SELECT target_id, state, bytes FROM sync_run_targets WHERE run_id = ${runId}),
    handled AS (
      SELECT document_id, state <> 'synced' AND state <> 'kept' AS bad FROM sync_copies WHERE run_id = ${runId}
      UNION ALL
      SELECT c.document_id, true FROM sync_copies c JOIN parts p ON p.target_id = c.target_id
      WHERE p.state <> 'success' AND c.state = 'pending' AND c.run_id IS DISTINCT FROM ${runId} ${only}
    )
    SELECT count(DISTINCT document_id)::int AS total,
      (count(DISTINCT document_id) FILTER (WHERE bad))::int AS failed,
      (SELECT coalesce(sum(bytes), 0)::bigint FROM parts) AS bytes
    FROM handled`;
  const { total, failed, bytes } = row ?? { total: 0, failed: 0, bytes: 0n };
  return { total, synced: total - failed, failed, bytes };
}

const runFields = {
  id: true,
  trigger: true,
  state: true,
  total: true,
  synced: true,
  failed: true,
  bytes: true,
  startedAt: true,
  finishedAt: true,
  targets: {
    select: {
      targetId: true,
      state: true,
      total: true,
      synced: true,
      failed: true,
      bytes: true,
      target: { select: { name: true } },
    },
    orderBy: { targetId: 'asc' },
  },
} satisfies Prisma.SyncRunSelect;

type RunRow = Prisma.SyncRunGetPayload<{ select: typeof runFields }>;

function toRun(row: RunRow) {
  const { targets, bytes, ...run } = row;
  // While it runs, its documents are counted by the target that is furthest behind.
  const least = (pick: (part: RunRow['targets'][number]) => number) => Math.min(...targets.map(pick));
  const underWay = row.state === 'running' && targets.length > 0;
  return {
    ...run,
    runId: row.id,
    synced: underWay ? least((part) => part.synced) : row.synced,
    bytes: underWay ? targets.reduce((sum, part) => sum + Number(part.bytes), 0) : Number(bytes),
    targets: targets.map(({ target, bytes: partBytes, ...part }) => ({
      ...part,
      name: target.name,
      bytes: Number(partBytes),
    })),
  };
}

export type Run = NonNullable<Awaited<ReturnType<typeof readRun>>>;

export async function readRun(db: Database, runId: number) {
  const row = await db.syncRun.findUnique({
    where: { id: runId },
    select: { ...runFields, errors: { orderBy: { id: 'asc' } } },
  });
  if (!row) return null;
  const { errors, ...run } = row;
  const names = new Map(row.targets.map((part) => [part.targetId, part.target.name]));
  return {
    ...toRun(run),
    errors: errors.map((error) => ({
      documentId: error.documentId,
      targetName: names.get(error.targetId) ?? String(error.targetId),
      code: error.code,
      params: error.params as TextParams,
    })),
  };
}

export async function listRuns(db: Database, { page, perPage }: { page: number; perPage: number }) {
  const [total, rows] = await Promise.all([
    db.syncRun.count(),
    db.syncRun.findMany({
      select: runFields,
      orderBy: { id: 'desc' },
      skip: (page - 1) * perPage,
      take: perPage,
    }),
  ]);
  return { total, runs: rows.map(toRun) };
}
