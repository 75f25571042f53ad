import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../../database/client.ts';
import type { DatabaseLog } from '../../database/database-log.ts';
import { type Claimed, claim, nextDueMs, release, type Settled, settle } from './journal-work.queries.ts';
import { SyncTargetError } from './sync.errors.ts';
import type { OutgoingFile, SyncSession, SyncTarget } from './sync-target.ts';
import { openMarked } from './targets/target-marker.ts';

/** A document's tries in all, the first among them (contract §7: three, with growing pauses). */
const maxTries = 3;
/** Sessions opened in one run: the first, and two after faults that only ended the session. */
const maxSessions = 3;
/** Results are written down together, at the latest after this. */
const settleEveryMs = 250;
const settleAtMost = 200;
const claimAtMost = 200;

/** 1 s, then 4 s, each up to a quarter longer so that many documents do not come back as one. */
function pauseBefore(tryNumber: number): number {
  return Math.round(1000 * 4 ** (tryNumber - 1) * (1 + Math.random() / 4));
}

export interface Progress {
  synced: number;
  failed: number;
  bytes: number;
}

export interface TargetOutcome extends Progress {
  /** what ended the work on this target before its end; null when it came to its end */
  fault: SyncTargetError | null;
}

interface Outgoing extends OutgoingFile {
  claimed: Claimed;
}

export interface TargetRun {
  runId: number;
  target: { id: number; name: string; markerId: string; markedAt: Date | null };
  driver: SyncTarget;
  /** null: all that is pending */
  documentIds: number[] | null;
  signal: AbortSignal;
  /** asked when nothing seems to be pending: whether that is still so, now that nobody joins the run any more */
  isDone: () => Promise<boolean>;
  onProgress: (progress: Progress) => Promise<void>;
  /** a document failed: for good, or in this try */
  onDocumentFailed: (failure: { documentId: number; error: SyncTargetError }) => Promise<void>;
}

/**
 * Brings one target up to date: claims pending documents, sends them, writes down what the target proved,
 * until nothing is pending. Whatever ends it, no row stays claimed. The caller makes sure that no other run
 * works on this target.
 */
export function createTargetRunner({
  db,
  log,
  sourcePath,
  foldPath,
  onMarked,
}: {
  db: Database;
  log: DatabaseLog;
  /** where the bytes with this hash lie on this machine */
  sourcePath: (sha256: string) => string;
  foldPath: (path: string) => string;
  /** the target bears our marker from now on */
  onMarked: (targetId: number) => Promise<void>;
}) {
  return async function runTarget(run: TargetRun): Promise<TargetOutcome> {
    const { runId, target, signal } = run;
    const progress: Progress = { synced: 0, failed: 0, bytes: 0 };
    let fault: SyncTargetError | null = null;

    for (let sessions = 1; sessions <= maxSessions; sessions++) {
      fault = null;
      let session: SyncSession | undefined;
      try {
        const { markerId, name, markedAt } = target;
        ({ session } = await openMarked(run.driver, { markerId, name, marked: markedAt !== null, signal }));
        if (markedAt === null) await onMarked(target.id);
        await session.sweep();
        await sendAll(run, session, progress);
      } catch (error) {
        if (!(error instanceof SyncTargetError)) throw error;
        fault = error;
      } finally {
        await session?.close();
        await release(db, { runId, targetId: target.id });
      }
      if (fault?.scope !== 'session' || fault.code === 'cancelled' || sessions === maxSessions) break;
      log.warn({ target: target.name, code: fault.code, detail: fault.detail }, 'sync session lost');
      await pause(pauseBefore(sessions), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
    }
    return { ...progress, fault };
  };

  async function sendAll(run: TargetRun, session: SyncSession, progress: Progress): Promise<void> {
    const { target, signal, documentIds } = run;
    let settled: Settled[] = [];
    let lastSettled = Date.now();
    /** the results before, written down while the next ones come in */
    let flushing: Promise<void> = Promise.resolve();
    const flush = async () => {
      const batch = settled;
      settled = [];
      lastSettled = Date.now();
      if (batch.length > 0) await settle(db, { targetId: target.id, settled: batch });
      await run.onProgress(progress);
    };

    /** the next piece, claimed while the one before is being sent */
    let claiming: Promise<Claimed[]> = Promise.resolve([]);
    const claimNext = () => {
      claiming = claim(db, {
        targetId: target.id,
        runId: run.runId,
        limit: claimAtMost,
        documentIds,
        foldPath,
      });
      // Awaited below; until then a failure is nobody's.
      claiming.catch(() => undefined);
    };

    /** What is pending, claimed piece by piece as the target takes it; ends when nothing is. */
    async function* outgoing(): AsyncGenerator<Outgoing> {
      claimNext();
      while (!signal.aborted) {
        const claimed = await claiming;
        if (claimed.length === 0) return;
        claimNext();
        for (const each of claimed) {
          if (!each.wanted) {
            settled.push({ claimed: each, failure: null });
            continue;
          }
          const { path, sha256, size, modifiedAt } = each.wanted;
          yield {
            claimed: each,
            path,
            sha256,
            size,
            modifiedAt,
            maybeHeld: each.maybeHeld,
            ...(each.heldPath === path && each.heldSha256 !== null && { replaces: each.heldSha256 }),
            source: sourcePath(sha256),
          };
        }
      }
    }

    try {
      while (!signal.aborted) {
        for await (const result of session.put(outgoing())) {
          const { claimed } = result.file;
          const error = result.ok ? await leaveOldPath(session, claimed) : result.error;
          if (result.ok) progress.bytes += result.proof.sentBytes;
          if (!error) {
            settled.push({ claimed, failure: null });
            progress.synced++;
          } else {
            const tries = claimed.attempts + 1;
            const retryAfterMs = error.retry && tries < maxTries ? pauseBefore(tries) : null;
            settled.push({
              claimed,
              failure: { code: error.code, detail: error.detail ?? error.code, retryAfterMs },
            });
            if (retryAfterMs === null) {
              progress.failed++;
              await run.onDocumentFailed({ documentId: claimed.documentId, error });
            }
            log.warn(
              {
                target: target.name,
                document: claimed.documentId,
                code: error.code,
                detail: error.detail,
                tries,
              },
              'document not synced',
            );
          }
          if (settled.length >= settleAtMost || Date.now() - lastSettled >= settleEveryMs) {
            await flushing;
            flushing = flush();
            flushing.catch(() => undefined);
          }
        }
        await flushing;
        await flush();
        const dueMs = await nextDueMs(db, { targetId: target.id, documentIds });
        if (dueMs === null) {
          if (await run.isDone()) return;
          continue;
        }
        await pause(Math.min(dueMs + 20, 30_000), undefined, { signal }).catch(() => undefined);
      }
    } finally {
      // What it claims after the run has given everything back would stay claimed.
      await claiming.catch(() => undefined);
      await flushing;
      await flush();
    }
    throw new SyncTargetError('cancelled');
  }

  /**
   * The document stands at its new place: the file it left behind goes, if it is still the one that was put
   * there, and no other document can have been given that path before. What prevents it is the document's
   * failure, so that it is tried again.
   */
  async function leaveOldPath(
    session: SyncSession,
    { heldPath, heldSha256, wanted }: Claimed,
  ): Promise<SyncTargetError | null> {
    if (heldPath === null || !wanted || heldPath === wanted.path) return null;
    try {
      const left = await session.stat(heldPath, { hash: true });
      if (left?.sha256 === heldSha256) await session.remove(heldPath);
      return null;
    } catch (error) {
      if (error instanceof SyncTargetError && error.scope === 'file') return error;
      throw error;
    }
  }
}
