import type { FastifyBaseLogger } from 'fastify';
import { schedule } from 'node-cron';
import type { Database } from './database/client.ts';
import type { Services } from './services.ts';
import { sweepOrphans, sweepTemporaries } from './storage/sweep.ts';

/**
 * What nobody asks for and everybody needs: what dead servers left, temporaries and runs, goes at the start and
 * every hour, and what waits for its text without a job gets one; what has expired goes every hour, contents that no document names every night, when the counts of documents are checked too. Changes of those are
 * folded in every ten seconds. Two servers may do it
 * at once.
 */
export async function scheduleHousekeeping({
  db,
  services,
  log,
}: {
  db: Database;
  services: Services;
  log: FastifyBaseLogger;
}): Promise<{ stop: () => Promise<void> }> {
  const { auth, counts, notifications, store, presence, runs, sessions } = services;
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();

  const tidyUp = async () => {
    await sweepTemporaries({ store, aliveInstances: presence.aliveInstances });
    await runs.endDead();
    await sessions.purgeExpired();
    await db.$executeRaw`DELETE FROM idempotency_keys WHERE created_at < now() - interval '2 days'`;
    await auth.purgeAttempts();
    await notifications.purge();
  };
  const guarded = (name: string, work: () => Promise<unknown>) => () => {
    const job = work()
      .then(() => undefined)
      .catch((error) => log.error({ err: error }, `${name} failed`))
      .finally(() => running.delete(job));
    running.add(job);
  };

  const queueTexts = guarded('queueing texts', () => services.texts.queuePending(stopping.signal));

  const tasks = [
    schedule('*/10 * * * * *', guarded('folding counts', counts.fold), { noOverlap: true }),
    schedule('27 3 * * *', guarded('checking counts', counts.check)),
    schedule('47 * * * *', queueTexts),
    schedule('17 * * * *', guarded('hourly housekeeping', tidyUp)),
    schedule(
      '43 2 * * *',
      guarded('nightly housekeeping', () => sweepOrphans({ db, store, signal: stopping.signal })),
    ),
  ];
  await tidyUp();
  queueTexts();
  return {
    async stop() {
      stopping.abort();
      await Promise.all(tasks.map((task) => task.destroy()));
      await Promise.all(running);
    },
  };
}
