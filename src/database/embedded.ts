import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, openCluster } from './cluster.ts';
import type { DatabaseLog } from './database-log.ts';
import { withFolderLock } from './folder-lock.mjs';
import { createHeldConnection, type HeldConnection } from './held-connection.ts';
import { clusterUrl, ensurePostmaster, stopPostmaster, withClient } from './postmaster.ts';

const DATABASE = 'classeur';

/** Key of the advisory lock that every user of the embedded PostgreSQL shares. Arbitrary, never to be changed. */
const IN_USE = 0x436c_6173_01;

/** Longer than a start or a stop may take. */
const TURN_WITHIN_MS = 130_000;

export interface EmbeddedPostgres {
  /** the database `classeur`, as superuser; holds the password */
  url: string;
  /** Stops PostgreSQL, unless another server uses it. To be called last, when our own connections are closed. */
  stop(): Promise<void>;
}

/**
 * PostgreSQL from the npm packages, run from `dataDir/postgres`, for those who set no DATABASE_URL
 * (contract §9). Listens on 127.0.0.1 only, on a port of its own choosing; its log is `dataDir/postgres.log`.
 *
 * Several servers may use one `dataDir`, and each may be killed at any line:
 * - starting and stopping happen one at a time, under the lock folder `dataDir/postgres.lock`;
 * - who uses the cluster holds a shared advisory lock in it, from before the folder lock is let go until
 *   `stop()`. There, who can take the same lock for itself alone is the last one out, and stops PostgreSQL;
 * - a killed server's PostgreSQL goes on, and the next start takes it over.
 *
 * `settings` are PostgreSQL's own, and count only for a PostgreSQL that this call starts.
 * Errors are plain ones, their message meant for the person who starts the server.
 */
export async function startEmbeddedPostgres({
  dataDir,
  log,
  settings = {},
}: {
  dataDir: string;
  log: DatabaseLog;
  settings?: Record<string, string>;
}): Promise<EmbeddedPostgres> {
  // of a root server's folder, PostgreSQL's user needs to pass through, no more
  await mkdir(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  const home = await realpath(dataDir);
  const inTurn = <T>(work: () => Promise<T>) =>
    withFolderLock({ path: join(home, 'postgres.lock'), timeoutMs: TURN_WITHIN_MS }, work);

  const { cluster, url, usage } = await inTurn(async () => {
    const found = await openCluster({ home, settings, log });
    const port = await ensurePostmaster(found, settings, log);
    await ensureDatabase(clusterUrl(found, port, 'postgres'));
    const address = clusterUrl(found, port, DATABASE);
    return { cluster: found, url: address, usage: await holdUsage(address, log) };
  });

  let stopped: Promise<void> | null = null;
  return {
    url,
    stop() {
      stopped ??= inTurn(() => leave(cluster, usage, log));
      return stopped;
    },
  };
}

async function ensureDatabase(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  });
}

function holdUsage(url: string, log: DatabaseLog): Promise<HeldConnection> {
  return createHeldConnection({
    url,
    name: 'classeur embedded',
    log,
    async hold(client) {
      await client.query('SELECT pg_advisory_lock_shared($1)', [IN_USE]);
    },
  });
}

async function leave(cluster: Cluster, usage: HeldConnection, log: DatabaseLog): Promise<void> {
  // our own shared lock does not stand in our way
  const alone = await usage
    .query<{ alone: boolean }>('SELECT pg_try_advisory_lock($1) AS alone', [IN_USE])
    .then((rows) => rows[0]?.alone === true)
    .catch(() => null);
  await usage.close();
  if (alone) {
    await stopPostmaster(cluster, log);
  } else {
    log.info(
      { known: alone !== null },
      'leaving PostgreSQL running: another server uses it, or it does not answer',
    );
  }
}
