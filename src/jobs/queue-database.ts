import pg from 'pg';
import type { Db } from 'pg-boss';
import type { BaseLogger } from 'pino';

export type JobLog = Pick<BaseLogger, 'info' | 'warn' | 'error' | 'debug'>;

/** Enough for every worker that looks for jobs, since a look takes a millisecond. */
const connections = 4;

export interface QueueDatabase {
  db: Db;
  /** whether the last statement failed for want of a connection */
  isLost: () => boolean;
  close: () => Promise<void>;
}

/**
 * The job queue's own small pool. While the database is away, workers go on looking for jobs every half second:
 * that is said once, and once more when it is back.
 */
export function openQueueDatabase({ url, log }: { url: string; log: JobLog }): QueueDatabase {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: 'classeur jobs',
  });
  // The pool replaces an idle connection by itself; without a listener its loss would end the process.
  pool.on('error', () => undefined);
  let lost = false;
  let closed: Promise<void> | null = null;
  return {
    db: {
      async executeSql(text, values) {
        try {
          const result = await pool.query(text, values);
          if (lost) log.info('the job queue has its database again');
          lost = false;
          return result;
        } catch (error) {
          if (isConnectionFault(error)) {
            if (!lost) log.warn({ err: messageOf(error) }, 'the job queue has lost its database');
            lost = true;
          }
          throw error;
        }
      },
    },
    isLost: () => lost,
    close() {
      closed ??= pool.end();
      return closed;
    },
  };
}

/** What the line says, or PostgreSQL of itself and not of a statement: it ends the session, or lets nobody in. */
function isConnectionFault(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || error.severity === 'FATAL';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
