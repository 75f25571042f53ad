import { setTimeout as pause } from 'node:timers/promises';
import type { Database, Transaction } from '../../database/client.ts';
import type { DatabaseLog } from '../../database/database-log.ts';
import { type Locale, say } from '../../errors.ts';
import { stopping } from '../../http/http.errors.ts';
import { createEndDeadRuns } from './dead-runs.ts';
import { countPending, retryFailed, takeOver } from './journal-work.queries.ts';
import type { Progress, TargetOutcome, TargetRun } from './run-target.ts';
import { listRuns, openParts, type Run, readRun, runTotals } from './runs.queries.ts';
import { SyncTargetError, type TargetFaultCode, targetFaults } from './sync.errors.ts';
import { nasNotConfigured, runNotFound, targetNotFound } from './sync-requests.errors.ts';
import { createTarget } from './target-types.ts';

type RunState = 'success' | 'partial' | 'failed' | 'cancelled' | 'interrupted';

/** `Document 42: Fichier source introuvable` (seed 000); a target's own fault begins with its name. */
export function sayRunError(error: Run['errors'][number], locale: Locale): string {
  const fault = targetFaults[error.code as TargetFaultCode] ?? targetFaults.failed;
  const who = error.documentId === null ? error.targetName : `Document ${error.documentId}`;
  return `${who}: ${say(fault.text, locale, error.params)}`;
}

/** How often a run on another server, or a busy target, is looked at again. */
const lookAgainMs = 200;
/** Errors kept and shown of one run; the counts are exact all the same. */
const errorsKept = 1000;

export type RunsService = ReturnType<typeof createRunsService>;

/**
 * Runs: one at a time on each target, on however many servers, joined rather than doubled (contract §7). The
 * database holds that (unique index on running parts); presence tells a run whose server has died.
 */
export function createRunsService({
  db,
  log,
  presence,
  runTarget,
}: {
  db: Database;
  log: DatabaseLog;
  presence: { instanceId: number; aliveInstances: () => Promise<Set<number>> };
  runTarget: (run: TargetRun) => Promise<TargetOutcome>;
}) {
  const underWay = new Map<number, { abort: AbortController; done: Promise<void> }>();
  const stop = new AbortController();
  const endDeadRuns = createEndDeadRuns({ presence });

  /** Who starts, joins or ends a run knows what the others have decided, on however many servers. */
  async function oneDecisionAtATime(tx: Transaction): Promise<void> {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('classeur.sync_run'))`;
  }

  /** The run under way that does what is asked for, or a new one. */
  async function findOrCreate(o: StartOptions): Promise<{ runId: number; created: boolean }> {
    return db.$transaction(async (tx) => {
      await oneDecisionAtATime(tx);
      await endDeadRuns(tx);
      const targets = await tx.syncTarget.findMany({
        where: o.targetId === null ? { enabled: true } : { id: o.targetId },
        select: { id: true },
        orderBy: { id: 'asc' },
      });
      const targetIds = targets.map((target) => target.id);
      if (targetIds.length === 0) throw o.targetId === null ? nasNotConfigured() : targetNotFound();

      const running = await tx.syncRun.findMany({
        where: { state: 'running', trigger: { not: 'document' } },
        select: { id: true, targets: { select: { targetId: true, finishedAt: true } } },
      });
      // A part that is finished, or about to be (see `isDone`), looks for nothing more.
      const joinable = running.find(({ targets: parts }) =>
        targetIds.every((id) => parts.some((part) => part.targetId === id && part.finishedAt === null)),
      );
      if (joinable && o.documentIds === null) return { runId: joinable.id, created: false };

      if (o.trigger !== 'schedule') await retryFailed(tx, { targetIds, documentIds: o.documentIds });
      const pending = await countPending(tx, { targetIds, documentIds: o.documentIds });
      const run = await tx.syncRun.create({
        data: {
          // A run over some documents is not for others to join.
          trigger: o.documentIds === null ? o.trigger : 'document',
          requestedById: o.requestedById,
          instanceId: presence.instanceId,
          total: Math.max(0, ...pending.map((each) => each.count)),
          targets: {
            create: targetIds.map((targetId) => ({
              targetId,
              total: pending.find((each) => each.targetId === targetId)?.count ?? 0,
            })),
          },
        },
      });
      return { runId: run.id, created: true };
    });
  }

  /** Waits for its turn on a target; false when the run was stopped before. */
  async function takeTarget(runId: number, targetId: number, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      try {
        await db.syncRunTarget.update({
          where: { runId_targetId: { runId, targetId } },
          data: { state: 'running', startedAt: new Date() },
        });
        await takeOver(db, { runId, targetId });
        return true;
      } catch (error) {
        if ((error as { code?: string }).code !== 'P2002') throw error;
      }
      await pause(lookAgainMs, undefined, { signal }).catch(() => undefined);
      await endDeadRuns(db);
    }
    return false;
  }

  async function recordError(
    runId: number,
    targetId: number,
    documentId: number | null,
    error: SyncTargetError,
  ): Promise<void> {
    if ((await db.syncRunError.count({ where: { runId } })) >= errorsKept) return;
    await db.syncRunError.create({
      data: { runId, targetId, documentId, code: error.code, params: error.params },
    });
  }

  /**
   * Lets others see how far a run is, and sees whether somebody, on any server, wants it to end, or holds this
   * server for dead (its database was away for a moment) and has ended it.
   */
  async function noteProgress(
    runId: number,
    targetId: number,
    { synced, failed, bytes }: Progress,
  ): Promise<void> {
    const part = await db.syncRunTarget.update({
      where: { runId_targetId: { runId, targetId } },
      data: { synced, failed, bytes },
      select: { state: true, run: { select: { cancelRequestedAt: true } } },
    });
    if (part.run.cancelRequestedAt || part.state !== 'running') underWay.get(runId)?.abort.abort();
  }

  /**
   * Whether a part that finds nothing more to do is at its end. From then on nobody joins it; who joined before
   * may have filed a document since the last look, and is owed another.
   */
  function isDone(runId: number, targetId: number, documentIds: number[] | null): Promise<boolean> {
    return db.$transaction(async (tx) => {
      await oneDecisionAtATime(tx);
      const [left] = await countPending(tx, { targetIds: [targetId], documentIds });
      if (left && left.count > 0) return false;
      await tx.syncRunTarget.updateMany({
        where: { runId, targetId, state: 'running' },
        data: { finishedAt: new Date() },
      });
      return true;
    });
  }

  async function runPart(
    runId: number,
    targetId: number,
    documentIds: number[] | null,
    signal: AbortSignal,
  ): Promise<RunState> {
    const finish = async (state: RunState, outcome?: TargetOutcome) => {
      const counts = outcome && { synced: outcome.synced, failed: outcome.failed, bytes: outcome.bytes };
      await db.syncRunTarget.updateMany({
        where: { runId, targetId, state: { in: openParts } },
        data: { state, finishedAt: new Date(), ...counts, errorCode: outcome?.fault?.code ?? null },
      });
      return state;
    };
    try {
      if (!(await takeTarget(runId, targetId, signal))) return await finish('cancelled');
      const target = await db.syncTarget.findUniqueOrThrow({ where: { id: targetId } });
      const outcome = await runTarget({
        runId,
        target,
        driver: createTarget(target),
        documentIds,
        signal,
        isDone: () => isDone(runId, targetId, documentIds),
        onProgress: (counts) => noteProgress(runId, targetId, counts),
        onDocumentFailed: ({ documentId, error }) => recordError(runId, targetId, documentId, error),
      });
      const { fault } = outcome;
      if (fault?.code === 'cancelled') return await finish('cancelled', outcome);
      if (fault) {
        log.warn({ target: target.name, code: fault.code, detail: fault.detail }, 'sync target failed');
        await recordError(runId, targetId, null, fault);
        return await finish('failed', outcome);
      }
      await db.syncTarget.update({ where: { id: targetId }, data: { lastSuccessAt: new Date() } });
      return await finish(outcome.failed > 0 ? 'partial' : 'success', outcome);
    } catch (error) {
      log.error({ err: error, runId, targetId }, 'sync run failed');
      await recordError(runId, targetId, null, new SyncTargetError('failed')).catch(() => undefined);
      return await finish('failed').catch(() => 'failed' as const);
    }
  }

  async function execute(runId: number, documentIds: number[] | null, abort: AbortController): Promise<void> {
    const parts = await db.syncRunTarget.findMany({ where: { runId }, select: { targetId: true } });
    const states = await Promise.all(
      parts.map((part) => runPart(runId, part.targetId, documentIds, abort.signal)),
    );
    const totals = await runTotals(db, { runId, documentIds });
    let state: RunState = 'success';
    if (stop.signal.aborted && states.includes('cancelled')) state = 'interrupted';
    else if (states.includes('cancelled')) state = 'cancelled';
    else if (states.every((each) => each === 'failed')) state = 'failed';
    else if (states.some((each) => each !== 'success')) state = 'partial';
    await db.syncRun.updateMany({
      where: { id: runId, state: 'running' },
      data: { ...totals, state, finishedAt: new Date() },
    });
    log.info({ runId, state, ...totals, bytes: Number(totals.bytes) }, 'sync run finished');
  }

  interface StartOptions {
    trigger: 'manual' | 'schedule';
    requestedById: number | null;
    /** null: all enabled targets */
    targetId: number | null;
    /** null: all that is pending */
    documentIds: number[] | null;
  }

  return {
    /** Ends the runs of servers that died; whoever looks at a run does it too. */
    endDead: () => endDeadRuns(db),

    /** Starts a run or joins the one under way. Throws `sync.not_configured` when there is no target. */
    async start(options: StartOptions): Promise<{ runId: number }> {
      if (stop.signal.aborted) throw stopping();
      const { runId, created } = await findOrCreate(options);
      if (created) {
        const abort = new AbortController();
        const done = execute(runId, options.documentIds, abort)
          .catch((error) => log.error({ err: error, runId }, 'sync run failed'))
          .finally(() => underWay.delete(runId));
        underWay.set(runId, { abort, done });
      }
      return { runId };
    },

    /** Waits until a run is over, here or on another server. Rejects when this server stops before that. */
    async wait(runId: number): Promise<Run> {
      await underWay.get(runId)?.done;
      for (;;) {
        const run = await readRun(db, runId);
        if (!run) throw runNotFound();
        if (run.state !== 'running') {
          if (run.state === 'interrupted' && stop.signal.aborted) throw stopping({ body: { run_id: runId } });
          return run;
        }
        if (stop.signal.aborted) throw stopping({ body: { run_id: runId } });
        await pause(lookAgainMs);
        await endDeadRuns(db);
      }
    },

    /**
     * Starts a run or joins the one under way, and waits for its end. When its server dies or stops before that,
     * the rest is done here: who asked wanted a sync, not that server's.
     */
    async run(options: StartOptions): Promise<Run> {
      for (;;) {
        const { runId } = await this.start(options);
        const run = await this.wait(runId);
        if (run.state !== 'interrupted') return run;
      }
    },

    async read(runId: number): Promise<Run> {
      await endDeadRuns(db);
      const run = await readRun(db, runId);
      if (!run) throw runNotFound();
      return run;
    },

    async list(page: { page: number; perPage: number }) {
      await endDeadRuns(db);
      return listRuns(db, page);
    },

    /** Asks a run to end; what is being sent is cleaned up, the rest stays pending. */
    async cancel(runId: number): Promise<Run> {
      await db.syncRun.updateMany({
        where: { id: runId, state: 'running' },
        data: { cancelRequestedAt: new Date() },
      });
      underWay.get(runId)?.abort.abort();
      return this.read(runId);
    },

    /** Ends all runs of this server, resumably: what is being sent is cleaned up, the rest stays pending. */
    async close(): Promise<void> {
      stop.abort();
      for (const { abort } of underWay.values()) abort.abort();
      await Promise.all([...underWay.values()].map((run) => run.done));
    },
  };
}
