import { randomInt } from 'node:crypto';
import type { DatabaseLog } from './database-log.ts';
import { createHeldConnection } from './held-connection.ts';

/** First half of the advisory lock's key; the second half is the instance id. Arbitrary, never to be changed. */
const PRESENCE_CLASS = 0x436c_6173; // "Clas"

export interface Presence {
  /** 1 … 2^31-1, new at each start of a server */
  instanceId: number;
  /** This server and all others that are connected to the same database now. */
  aliveInstances(): Promise<Set<number>>;
  isAlive(instanceId: number): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Tells which servers of this database are alive: each holds the session-level advisory lock
 * (PRESENCE_CLASS, its instance id) on a connection of its own, and PostgreSQL lets go of it when the
 * server dies, however it dies.
 *
 * A server that lost its database for a moment looks dead for that moment. So whoever takes over the work
 * of a dead server does it with a conditional update (`… WHERE state = 'running' AND instance_id = …`),
 * and whoever works writes only under the same condition.
 */
export async function createPresence({ url, log }: { url: string; log: DatabaseLog }): Promise<Presence> {
  let instanceId = 0;
  const connection = await createHeldConnection({
    url,
    name: 'classeur presence',
    log,
    async hold(client) {
      if (instanceId === 0) {
        const candidate = randomInt(1, 2 ** 31);
        const { rows } = await client.query<{ taken: boolean }>(
          'SELECT pg_try_advisory_lock($1, $2) AS taken',
          [PRESENCE_CLASS, candidate],
        );
        if (!rows[0]?.taken) throw new Error('two servers drew the same instance id');
        instanceId = candidate;
        return;
      }
      // The connection broke, but PostgreSQL may not have noticed yet: our own old session still has the lock.
      await client.query(
        `SELECT pg_terminate_backend(pid) FROM (${PRESENCE_LOCKS}) locks WHERE instance_id = $2 AND pid <> pg_backend_pid()`,
        [PRESENCE_CLASS, instanceId],
      );
      await client.query('SELECT pg_advisory_lock($1, $2)', [PRESENCE_CLASS, instanceId]);
    },
  });

  async function aliveInstances(): Promise<Set<number>> {
    const rows = await connection.query<{ instance_id: number }>(
      `SELECT instance_id FROM (${PRESENCE_LOCKS}) locks`,
      [PRESENCE_CLASS],
    );
    return new Set([instanceId, ...rows.map((row) => row.instance_id)]);
  }

  return {
    instanceId,
    aliveInstances,
    isAlive: async (id) => (await aliveInstances()).has(id),
    close: () => connection.close(),
  };
}

/** objsubid 2: a lock with a two-part key; the parts are unsigned in pg_locks. */
const PRESENCE_LOCKS = `
  SELECT objid::bigint::int AS instance_id, pid
  FROM pg_locks
  WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = $1::bigint::oid
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
