import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import pino from 'pino';
import type { TestProject, Vitest } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/database/embedded.ts';
import { processStart } from '../../src/database/folder-lock.mjs';
import { migrate } from '../../src/database/migrations.ts';
import { prepareJobs } from '../../src/jobs/jobs.ts';

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

const LEAVE_WITHIN_MS = 15_000;

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
  // whatever ends the run: a crash, vitest's own process.exit()
  const removeNow = () => removeRun(folder);
  process.once('exit', removeNow);
  leaveInOrder(project.vitest);

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
  const templateUrl = databaseUrl(postgres.url, TEMPLATE_DATABASE);
  await migrate({ url: templateUrl, log });
  await prepareJobs({ url: templateUrl, log });
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

/**
 * At a signal, vitest would leave at once, with its workers still at work. Here the tests under way come to
 * their end first, which stops what they started; a second signal (Ctrl-C goes to the whole process group, and
 * is passed on besides) changes nothing.
 */
function leaveInOrder(vitest: Vitest): void {
  let leaving = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.removeAllListeners(signal);
    process.on(signal, async () => {
      if (leaving) return;
      leaving = true;
      process.exitCode = 128 + constants.signals[signal];
      setTimeout(() => process.exit(), LEAVE_WITHIN_MS);
      await vitest.cancelCurrentRun('keyboard-input');
      await vitest.exit(true);
    });
  }
}

/** Synchronous, because it also runs while the process exits. */
function removeRun(folder: string): void {
  for (const name of process.platform === 'linux' ? readdirSync('/proc') : []) {
    if (/^\d+$/.test(name) && Number(name) !== process.pid && commandLine(name).includes(folder)) {
      kill(Number(name));
    }
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has just gone
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
    }
  }
}
