import { setTimeout as delay } from 'node:timers/promises';
import { fromPrisma, PgBoss } from 'pg-boss';
import type { Database, Transaction } from '../database/client.ts';
import { type JobKinds, type JobName, jobNames, queues } from './job-kinds.ts';
import { type JobLog, openQueueDatabase, type QueueDatabase } from './queue-database.ts';

const schema = 'pgboss';

/** s: a server that has not been heard of for so long is dead, and its jobs are another's. The least there is. */
const heartbeat = 10;
/** s between two looks for jobs of dead servers */
const supervision = 10;
/** s that a job stays in its table once it is done or has failed for good */
const keptFor = 24 * 3600;
/** ms that running handlers get to end when the server stops; the whole stop has 10 s */
const stopWithin = 5_000;

type Handler<N extends JobName> = (data: JobKinds[N], signal: AbortSignal) => Promise<void>;

export interface JobCounts {
  name: string;
  /** not begun, or to be tried again */
  waiting: number;
  running: number;
  /** given up, within the last day; up to 10 s old */
  failed: number;
  /** age in s of the oldest that could have begun; 0 where none waits */
  lag_seconds: number;
}

export type Jobs = ReturnType<typeof createJobs>;

/**
 * Makes or migrates the queue's tables, in the schema `pgboss`, and the queues themselves. Several servers may
 * do it at once.
 */
export async function prepareJobs({ url, log }: { url: string; log: JobLog }): Promise<void> {
  const database = openQueueDatabase({ url, log });
  const boss = createBoss({ database, log, works: false });
  try {
    await boss.start();
    for (const name of jobNames) {
      const { within, retries } = queues[name];
      const options = {
        expireInSeconds: within,
        retryLimit: retries,
        retryDelay: 1,
        retryBackoff: true,
        retryDelayMax: 60,
        heartbeatSeconds: heartbeat,
        deleteAfterSeconds: keptFor,
      };
      await boss.createQueue(name, { policy: 'exclusive', ...options });
      await boss.updateQueue(name, options);
    }
  } finally {
    await boss.stop({ graceful: false });
    await database.close();
  }
}

/**
 * The queue of background work, kept in PostgreSQL and shared by all servers (pg-boss). Each job is done by one
 * server at a time, and at least once: a server that is killed leaves its jobs to the others after 10 to 20 s, one
 * that stops at once. So a handler looks whether its work is still to be done, and writes down that it is done in
 * the transaction that does it. A handler that throws is tried again (`queues`); what can never succeed must not
 * throw. `prepareJobs` comes first.
 */
export function createJobs({ url, log }: { url: string; log: JobLog }) {
  const database = openQueueDatabase({ url, log });
  /** never started: it only sends */
  const sender = createBoss({ database, log, works: false });
  const works: (() => Promise<void>)[] = [];
  const crons = new Map<JobName, string>();
  const stopping = new AbortController();
  let worker: PgBoss | null = null;

  async function take<N extends JobName>(boss: PgBoss, name: N, handler: Handler<N>): Promise<void> {
    const options = { pollingIntervalSeconds: queues[name].lookEvery };
    const id = await boss.work<JobKinds[N]>(name, options, async ([job]) => {
      if (!job) return;
      try {
        await handler(job.data, AbortSignal.any([job.signal, stopping.signal]));
      } catch (error) {
        if (!stopping.signal.aborted) log.error({ err: error, job: name, data: job.data }, 'job failed');
        throw error;
      } finally {
        // Where there was one there may be more: look again at once.
        boss.notifyWorker(id);
      }
    });
  }

  return {
    /**
     * Sends a job; inside the transaction `tx`, so that it is there exactly when what it is about is. Where one
     * of the same `key` (by default, of the same kind) already waits or runs, that is the one.
     */
    async send<N extends JobName>(
      name: N,
      data: JobKinds[N],
      { tx, key }: { tx?: Transaction | Database; key?: string } = {},
    ): Promise<void> {
      await sender.send(name, data, {
        ...(tx && { db: fromPrisma(tx) }),
        ...(key !== undefined && { singletonKey: key }),
      });
    },

    /** Sends many at once, as `send` does each. */
    async sendAll<N extends JobName>(name: N, jobs: { data: JobKinds[N]; key: string }[]): Promise<void> {
      if (jobs.length === 0) return;
      await sender.insert(
        name,
        jobs.map(({ data, key }) => ({ data, singletonKey: key })),
      );
    },

    /**
     * Says who does the jobs of a kind, `concurrency` at a time on this server; from `start` on. The signal
     * fires when the server stops, or when the job is no longer this server's: the handler then ends soon, by
     * throwing.
     */
    work<N extends JobName>(name: N, handler: Handler<N>, { concurrency = 1 } = {}): void {
      for (let i = 0; i < concurrency; i += 1)
        works.push(async () => {
          if (worker) await take(worker, name, handler);
        });
    },

    /** Sends a job of a kind at times of the server's clock, once for all servers; also when one was missed. */
    schedule(
      name: { [N in JobName]: JobKinds[N] extends Record<string, never> ? N : never }[JobName],
      cron: string,
    ): void {
      crons.set(name, cron);
    },

    async start(): Promise<void> {
      worker = createBoss({ database, log, works: true });
      await worker.start();
      const { timeZone: tz } = Intl.DateTimeFormat().resolvedOptions();
      for (const [name, cron] of crons) await worker.schedule(name, cron, {}, { tz, missed: 'once' });
      for (const each of works) await each();
    },

    /**
     * Takes no more jobs, and tells the handlers at work to end. What they give up is taken again, by the next
     * server. Sending goes on until `close`.
     */
    async stop(): Promise<void> {
      stopping.abort();
      const boss = worker;
      worker = null;
      if (!boss) return;
      const ended = Promise.all(jobNames.map((name) => boss.offWork(name, { wait: true })));
      const waited = new AbortController();
      await Promise.race([
        ended,
        delay(stopWithin, undefined, { signal: waited.signal }).catch(() => undefined),
      ]);
      waited.abort();
      await boss.stop({ graceful: false });
    },

    close: () => database.close(),

    /** What waits, runs and has failed, for each kind. */
    async counts(): Promise<JobCounts[]> {
      // The condition is that of an index; what is done is not looked at.
      const { rows } = await database.db.executeSql(
        `SELECT q.name, count(j.id) FILTER (WHERE j.state < 'active')::int AS waiting,
           count(j.id) FILTER (WHERE j.state = 'active')::int AS running, q.failed_count::int AS failed,
           coalesce(extract(epoch FROM now() - min(j.start_after)
             FILTER (WHERE j.state < 'active' AND j.start_after < now())), 0)::int AS lag_seconds
         FROM ${schema}.queue q
         LEFT JOIN ${schema}.job j ON j.name = q.name AND j.state <= 'active' AND j.policy = 'exclusive'
         WHERE q.name = ANY($1) GROUP BY q.name, q.failed_count ORDER BY q.name`,
        [jobNames],
      );
      return rows;
    },
  };
}

function createBoss({
  database,
  log,
  works,
}: {
  database: QueueDatabase;
  log: JobLog;
  /** whether it looks after the queue, beside sending */
  works: boolean;
}): PgBoss {
  const boss = new PgBoss({
    db: database.db,
    schema,
    supervise: works,
    schedule: works,
    superviseIntervalSeconds: supervision,
    monitorIntervalSeconds: supervision,
    maintenanceIntervalSeconds: 3600,
    // The database is the whole server's: what vacuum does about it is not the queue's to judge.
    monitorVacuum: false,
  });
  boss.on('error', (error) => {
    if (!database.isLost()) log.error({ err: error }, 'fault of the job queue');
  });
  boss.on('warning', ({ message, data }) => log.debug({ data }, message));
  return boss;
}
