import { setTimeout as pause } from 'node:timers/promises';
import type { Database, Transaction } from '../../database/client.ts';
import type { DatabaseLog } from '../../database/database-log.ts';
import { type Locale, say } from '../../errors.ts';
import { stopping } from '../../http/http.errors.ts';
import { countPending, retryFailed, takeOver } from './journal.queries.ts';
import type { Progress, TargetOutcome, TargetRun } from './run-target.ts';
import { listRuns, type Run, readRun, runTotals } from './runs.queries.ts';
import { SyncTargetError, type TargetFaultCode, targetFaults } from './sync.errors.ts';
import { nasNotConfigured, runNotFound } from './sync-requests.errors.ts';
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

  /** Runs whose server is gone are over: they will not say so themselves. */
  async function endDeadRuns(tx: Transaction, alive: Set<number>): Promise<void> {
    const running = await tx.syncRun.findMany({
      where: { state: 'running' },
      select: { id: true, instanceId: true },
    });
    const dead = running.filter((run) => !alive.has(run.instanceId)).map((run) => run.id);
    if (dead.length === 0) return;
    const over = { state: 'interrupted', finishedAt: new Date() };
    await tx.syncRunTarget.updateMany({
      where: { runId: { in: dead }, state: { in: ['waiting', 'running'] } },
      data: over,
    });
    await tx.syncRun.updateMany({ where: { id: { in: dead } }, data: over });
  }

  /** The run under way that does what is asked for, or a new one. */
  async function findOrCreate(o: StartOptions): Promise<{ runId: number; created: boolean }> {
    const alive = await presence.aliveInstances();
    return db.$transaction(async (tx) => {
      // One decision at a time, on however many servers.
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('classeur.sync_run_start'))`;
      await endDeadRuns(tx, alive);
      const targets = await tx.syncTarget.findMany({
        where: o.targetId === null ? { enabled: true } : { id: o.targetId },
        select: { id: true },
        orderBy: { id: 'asc' },
      });
      const targetIds = targets.map((target) => target.id);
      if (targetIds.length === 0) throw nasNotConfigured();

      const running = await tx.syncRun.findMany({
        where: { state: 'running', trigger: { not: 'document' } },
        select: { id: true, targets: { select: { targetId: true, state: true } } },
      });
      const joinable = running.find(({ targets: parts }) =>
        targetIds.every((id) =>
          parts.some((part) => part.targetId === id && ['waiting', 'running'].includes(part.state)),
        ),
      );
      if (joinable && o.documentIds === null) return { runId: joinable.id, created: false };

      if (o.trigger !== 'schedule') await retryFailed(tx, { targetIds, documentIds: o.documentIds });
      const pending = await countPending(tx, { targetIds, documentIds: o.documentIds });
      const run = await tx.syncRun.create({
        data: {
          trigger: o.trigger,
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
      const alive = await presence.aliveInstances();
      await db.$transaction((tx) => endDeadRuns(tx, alive));
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

  /** Lets others see how far a run is, and sees whether somebody, on any server, wants it to end. */
  async function noteProgress(
    runId: number,
    targetId: number,
    { synced, failed, bytes }: Progress,
  ): Promise<void> {
    const part = await db.syncRunTarget.update({
      where: { runId_targetId: { runId, targetId } },
      data: { synced, failed, bytes },
      select: { run: { select: { cancelRequestedAt: true } } },
    });
    if (part.run.cancelRequestedAt) underWay.get(runId)?.abort.abort();
  }

  async function runPart(
    runId: number,
    targetId: number,
    documentIds: number[] | null,
    signal: AbortSignal,
  ): Promise<RunState> {
    const finish = async (state: RunState, outcome?: TargetOutcome) => {
      const counts = outcome && { synced: outcome.synced, failed: outcome.failed, bytes: outcome.bytes };
      await db.syncRunTarget.update({
        where: { runId_targetId: { runId, targetId } },
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
    await db.syncRun.update({ where: { id: runId }, data: { ...totals, state, finishedAt: new Date() } });
    log.info({ runId, state, ...totals, bytes: Number(totals.bytes) }, 'sync run finished');
  }

  interface StartOptions {
    trigger: 'manual' | 'schedule' | 'document';
    requestedById: number | null;
    /** null: all enabled targets */
    targetId: number | null;
    /** null: all that is pending */
    documentIds: number[] | null;
  }

  return {
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
        const alive = await presence.aliveInstances();
        await db.$transaction((tx) => endDeadRuns(tx, alive));
      }
    },

    async read(runId: number): Promise<Run> {
      const run = await readRun(db, runId);
      if (!run) throw runNotFound();
      return run;
    },

    list: (page: { page: number; perPage: number }) => listRuns(db, page),

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
