import type { Database, Transaction } from '../../database/client.ts';
import { release } from './journal-work.queries.ts';
import { openParts, runTotals } from './runs.queries.ts';

/**
 * Makes the function that ends the runs of servers that are gone: they will not say so themselves. Who is alive
 * is asked after the runs were read, since the server of a run was there before it. What a dead run had taken is
 * pending again. Cut off in the middle, it does the same again the next time.
 */
export function createEndDeadRuns({
  presence,
}: {
  presence: { instanceId: number; aliveInstances: () => Promise<Set<number>> };
}) {
  return async function endDeadRuns(client: Database | Transaction): Promise<void> {
    const running = await client.syncRun.findMany({
      where: { state: 'running', instanceId: { not: presence.instanceId } },
      select: { id: true, instanceId: true },
    });
    if (running.length === 0) return;
    const alive = await presence.aliveInstances();
    for (const { id } of running.filter((run) => !alive.has(run.instanceId))) {
      const over = { state: 'interrupted', finishedAt: new Date() };
      const { synced, bytes } = await runTotals(client, { runId: id, documentIds: [] });
      const parts = await client.syncRunTarget.findMany({ where: { runId: id }, select: { targetId: true } });
      for (const { targetId } of parts) await release(client, { runId: id, targetId });
      await client.syncRunTarget.updateMany({ where: { runId: id, state: { in: openParts } }, data: over });
      await client.syncRun.updateMany({
        where: { id, state: 'running' },
        data: { ...over, synced, bytes },
      });
    }
  };
}
