import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../../database/client.ts';
import { type Locale, say } from '../../errors.ts';
import { documentNotFound, stopping } from '../../http/http.errors.ts';
import type { ConnectionsService } from './connections.service.ts';
import { enqueue } from './journal.queries.ts';
import { type RunsService, sayRunError } from './runs.service.ts';
import { countSynced } from './status.queries.ts';
import { documentSynced, nasNotConfigured, nothingConfigured } from './sync-requests.errors.ts';
import { createTarget } from './target-types.ts';
import type { TargetsService } from './targets.service.ts';

export type SyncService = ReturnType<typeof createSyncService>;

/** The seed addresses over all enabled targets (contract §7, seeds 000 and 001). */
export function createSyncService({
  db,
  targets,
  runs,
  connections,
  signal,
}: {
  db: Database;
  targets: TargetsService;
  runs: RunsService;
  connections: ConnectionsService;
  signal: AbortSignal;
}) {
  return {
    /** `GET /sync/status`: the flat fields of seeds 000 and 001. */
    async status() {
      const [{ total, pending, enabledTargets }, last] = await Promise.all([
        countSynced(db),
        db.syncTarget.aggregate({ where: { enabled: true }, _max: { lastSuccessAt: true } }),
      ]);
      const synced = total - pending;
      return {
        total_documents: total,
        synced,
        pending,
        sync_percentage:
          total === 0 ? (enabledTargets > 0 ? 100 : 0) : Math.floor((synced / total) * 1000) / 10,
        last_sync: last._max.lastSuccessAt?.toISOString() ?? null,
        nas_configured: enabledTargets > 0,
      };
    },

    /** `GET /sync/config`: the first target by name as 000/001 show it, and all of them. */
    async config() {
      const rows = await targets.listEnabled();
      const all = await Promise.all(
        rows.map(async (row) => {
          const { address } = createTarget(row);
          const { exists, writable } = await connections.access(row);
          return {
            id: row.id,
            name: row.name,
            type: row.type,
            ...address,
            path_exists: exists,
            path_writable: writable,
          };
        }),
      );
      const [first] = all;
      return {
        configured: first !== undefined,
        nas_host: first !== undefined,
        nas_user: first !== undefined,
        nas_path: first !== undefined,
        host: first?.host ?? null,
        path: first?.path ?? null,
        path_exists: first?.path_exists ?? false,
        path_writable: first?.path_writable ?? false,
        targets: all,
      };
    },

    /** `POST /sync/test`: good only when all enabled targets are. */
    async test(locale: Locale) {
      const rows = await targets.listEnabled();
      if (rows.length === 0) return { success: false, message: nothingConfigured[locale], targets: [] };
      const results = await Promise.all(rows.map((row) => connections.test(row)));
      const told = results.map((result) => ({
        ...result.target,
        success: result.success,
        message: result.say(locale),
        clock_drift_ms: result.clockDriftMs,
        free_bytes: result.freeBytes,
      }));
      const shown = told.find((result) => !result.success) ?? told[0];
      return {
        success: told.every((result) => result.success),
        message: shown?.message ?? '',
        targets: told,
      };
    },

    /**
     * `POST /sync/document/{id}`: brings one document to every enabled target and has each prove its copy, also
     * where one was proved before. A run under way takes the document first; otherwise a run of its own does.
     */
    async document(
      documentId: number,
      userId: number,
      locale: Locale,
    ): Promise<{ success: boolean; message: string }> {
      const rows = await targets.listEnabled();
      if (rows.length === 0) throw nasNotConfigured();
      await db.$transaction(async (tx) => {
        const [document] = await tx.$queryRaw<unknown[]>`
          SELECT 1 FROM documents WHERE id = ${documentId} AND trashed_at IS NULL FOR SHARE`;
        if (!document) throw documentNotFound();
        await enqueue(tx, { documentIds: [documentId] });
        await tx.$executeRaw`
          UPDATE sync_copies SET next_attempt_at = 'epoch' WHERE document_id = ${documentId} AND state = 'pending'`;
      });
      const { runId } = await runs.start({
        trigger: 'manual',
        requestedById: userId,
        targetId: null,
        documentIds: [documentId],
      });
      const done = new AbortController();
      const finished = runs.wait(runId).finally(() => done.abort());
      // Another run may settle it long before this one gets its turn on the target.
      while (!done.signal.aborted) {
        const open = await db.syncCopy.count({
          where: { documentId, state: { in: ['pending', 'sending'] }, target: { enabled: true } },
        });
        if (open === 0) break;
        if (signal.aborted) throw stopping();
        await pause(200, undefined, { signal: done.signal }).catch(() => undefined);
      }
      finished.catch(() => undefined);

      const copies = await db.syncCopy.findMany({
        where: { documentId, target: { enabled: true } },
        include: { target: true },
        orderBy: { target: { name: 'asc' } },
      });
      if (copies.every((copy) => copy.state === 'synced')) {
        const places = copies.map((copy) => createTarget(copy.target).placeOf(copy.heldPath ?? ''));
        return { success: true, message: say(documentSynced, locale, { place: places.join(', ') }) };
      }
      const run = await finished;
      return { success: false, message: run.errors.map((error) => sayRunError(error, locale)).join(' ; ') };
    },
  };
}
