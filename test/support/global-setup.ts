import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import pino from 'pino';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/database/embedded.ts';
import { processStart } from '../../src/database/folder-lock.mjs';
import { migrate } from '../../src/database/migrations.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** the database `postgres` of the run's cluster, as superuser */
    clusterUrl: string;
    /** what the tests' databases are copied from: migrated, empty */
    templateDatabase: string;
  }
}

const TEMPLATE_DATABASE = 'classeur_template';

/** `classeur-test-<pid>-<random>`: all that a run writes, its databases too, lies in one folder. */
const FOLDER = /^classeur-test-(\d+)-/;

/** Nothing here outlives the run. */
const THROWAWAY = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  max_connections: '200',
};

/**
 * One PostgreSQL for the whole run, with a migrated template that each test file's database is copied from.
 * TMPDIR points into the run's folder, for the tests' workers too, so nothing is left behind wherever they
 * put it.
 */
export async function setup(project: TestProject) {
  await removeDeadRuns();
  const folder = await mkdtemp(join(tmpdir(), `classeur-test-${process.pid}-`));
  // other users pass through, in the tests of a PostgreSQL that does not run as root
  await chmod(folder, 0o711);
  const removeNow = () => removeRun(folder);
  process.once('exit', removeNow);
  // vitest leaves at the first signal, by process.exit(); a second one must not cut the cleaning short
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  process.on('SIGHUP', () => process.exit(129));

  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  await chmod(temporary, 0o1777);
  process.env.TMPDIR = temporary;

  const log = pino({ level: 'warn' });
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), log, settings: THROWAWAY });
  const clusterUrl = databaseUrl(postgres.url, 'postgres');
  const client = new pg.Client({ connectionString: clusterUrl });
  await client.connect();
  await client.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);
  await client.end();
  await migrate({ url: databaseUrl(postgres.url, TEMPLATE_DATABASE), log });
  project.provide('clusterUrl', clusterUrl);
  project.provide('templateDatabase', TEMPLATE_DATABASE);

  return async () => {
    await postgres.stop();
    process.off('exit', removeNow);
    removeRun(folder);
  };
}

function databaseUrl(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = database;
  return changed.href;
}

/** Synchronous, because it also runs while the process exits. PostgreSQL's are killed: their data goes too. */
function removeRun(folder: string): void {
  const folders = [join(folder, 'data', 'postgres')];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.name === 'postmaster.pid') folders.push(entry.parentPath);
  }
  for (const cluster of new Set(folders)) killPostmaster(cluster);
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

function killPostmaster(cluster: string): void {
  try {
    const pid = Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0]);
    const isIt = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`\0${cluster}\0`);
    // immediate shutdown: its own processes go with it
    if (isIt) process.kill(pid, 'SIGQUIT');
  } catch {
    // it is not there
  }
}

/** What runs left behind that were killed outright. */
async function removeDeadRuns(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = FOLDER.exec(name)?.[1];
    if (pid && (await processStart(Number(pid))) === null) {
      const folder = join(tmpdir(), name);
      try {
        removeRun(folder);
      } catch {
        // another user's
      }
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}
