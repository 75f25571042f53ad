import { type Locale, say } from '../../errors.ts';
import { SyncTargetError } from './sync.errors.ts';
import { targetFailed } from './sync-requests.errors.ts';
import type { SyncSession } from './sync-target.ts';
import { createTarget } from './target-types.ts';
import { openMarked } from './targets/target-marker.ts';
import type { TargetsService } from './targets.service.ts';

/** An unreachable target costs this and nothing else (contract §7). */
const patienceMs = 15_000;

type TargetRow = Awaited<ReturnType<TargetsService['find']>>;

export interface TestResult {
  target: { id: number; name: string; type: string };
  success: boolean;
  say: (locale: Locale) => string;
  clockDriftMs: number | null;
  freeBytes: number | null;
}

export type ConnectionsService = ReturnType<typeof createConnectionsService>;

/** What is asked of a target outside a run: does it answer, may it be taken over, does it hold what it should. */
export function createConnectionsService({
  targets,
  signal,
}: {
  targets: TargetsService;
  signal: AbortSignal;
}) {
  /** Opens the target, does one thing with it, closes it. */
  async function withSession<T>(
    target: TargetRow,
    o: { adopt?: boolean; within: AbortSignal },
    work: (session: SyncSession) => Promise<T>,
  ): Promise<T> {
    const { session, wrote } = await openMarked(createTarget(target), {
      markerId: target.markerId,
      name: target.name,
      marked: target.markedAt !== null,
      adopt: o.adopt ?? false,
      signal: o.within,
    });
    try {
      if (wrote && !o.adopt) await targets.noteMarked(target.id);
      return await work(session);
    } finally {
      await session.close();
    }
  }

  const shortly = () => AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);

  return {
    /** The “test connection” button: writes, reads back, replaces and deletes a file of its own. Never rejects. */
    async test(target: TargetRow): Promise<TestResult> {
      const { id, name, type } = target;
      const result = { target: { id, name, type }, clockDriftMs: null, freeBytes: null };
      try {
        const report = await withSession(target, { within: shortly() }, (session) => session.probe());
        return { ...result, ...report, success: true, say: (locale) => say(report.message, locale) };
      } catch (error) {
        if (!(error instanceof SyncTargetError)) throw error;
        const fault =
          error.code === 'cancelled' && !signal.aborted
            ? new SyncTargetError('timeout', { params: { seconds: patienceMs / 1000 } })
            : error;
        return { ...result, success: false, say: (locale) => fault.say(locale) };
      }
    },

    /** Whether the target's root is there, without writing to it. Never rejects. */
    async access(target: TargetRow): Promise<{ exists: boolean; writable: boolean }> {
      const within = shortly();
      let session: SyncSession | undefined;
      try {
        session = await createTarget(target).open({ signal: within });
        const { exists, writable } = await session.access();
        return { exists, writable: exists && writable !== false };
      } catch (error) {
        if (!(error instanceof SyncTargetError)) throw error;
        return { exists: false, writable: false };
      } finally {
        await session?.close();
      }
    },

    /** Takes a target whose marker is missing or another's: writes ours, and has every copy proved again. */
    async adopt(target: TargetRow): Promise<void> {
      await withSession(target, { adopt: true, within: shortly() }, async () => undefined).catch((error) => {
        throw error instanceof SyncTargetError ? targetFailed(error) : error;
      });
      await targets.noteAdopted(target.id);
    },
  };
}
