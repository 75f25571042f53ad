import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { DatabaseLog } from './database-log.ts';

const RECONNECT_FIRST_MS = 50;
const RECONNECT_MOST_MS = 2_000;

export interface HeldConnection {
  /** Rejects at once while the connection is lost and being made again. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/**
 * One database connection of its own, kept for as long as the process lives: what it holds (session-level
 * advisory locks) tells the others that this server is there, and goes by itself when the server dies.
 * `hold` takes those locks, at first and again whenever the connection was lost and is back.
 *
 * TCP keepalive on both ends: a host that vanished without a word is noticed within a minute.
 */
export async function createHeldConnection({
  url,
  name,
  hold,
  log,
}: {
  url: string;
  /** application_name, and what the log calls it */
  name: string;
  hold: (client: pg.Client) => Promise<void>;
  log: DatabaseLog;
}): Promise<HeldConnection> {
  const closing = new AbortController();
  let current: pg.Client | null = null;
  let restoring: Promise<void> | null = null;

  async function connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: url,
      application_name: name,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 30_000,
    });
    // the 'end' that follows is what counts; without a listener an 'error' would end the process
    client.on('error', (error) =>
      log.warn({ connection: name, err: error.message }, 'database connection lost'),
    );
    try {
      await client.connect();
      await client.query(
        `SELECT set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),
                set_config('tcp_keepalives_count', '3', false), set_config('idle_session_timeout', '0', false),
                set_config('statement_timeout', '0', false)`,
      );
      await hold(client);
    } catch (error) {
      // not awaited: there may be nobody to take leave of
      client.end().catch(() => undefined);
      throw error;
    }
    client.once('end', () => {
      if (current !== client) return;
      current = null;
      restoring = restore();
    });
    current = client;
  }

  async function restore(): Promise<void> {
    for (
      let pause = RECONNECT_FIRST_MS;
      !closing.signal.aborted;
      pause = Math.min(pause * 2, RECONNECT_MOST_MS)
    ) {
      try {
        await connect();
        log.info({ connection: name }, 'database connection restored');
        return;
      } catch {
        await delay(pause, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }

  await connect();

  return {
    async query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]) {
      if (!current) throw new Error(`the database connection "${name}" is lost and being restored`);
      return (await current.query<Row>(text, values)).rows;
    },
    async close() {
      closing.abort();
      await restoring;
      const client = current;
      current = null;
      await client?.end().catch(() => undefined);
    },
  };
}
