import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { type Cluster, SUPERUSER } from './cluster.ts';
import type { DatabaseLog } from './database-log.ts';
import { processStart } from './folder-lock.mjs';
import { spawnAs } from './postgres-account.ts';

const READY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 60_000;
const LOG_ROTATED_AT_BYTES = 10 * 1024 * 1024;

/** What PostgreSQL says when another postmaster is just going, or another program took the port. */
const PASSING = /lock file|shared memory block|could not bind|could not create any TCP/;

interface Postmaster {
  pid: number;
  port: number;
  /** starting, ready, stopping, … */
  status: string;
}

export function clusterUrl({ password }: Cluster, port: number, database: string): string {
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
}

/**
 * The running postmaster of the cluster, or null. The file may be there without it, after a crash, and the
 * process it names may by now be any other program.
 */
export async function runningPostmaster({ dir }: Cluster): Promise<Postmaster | null> {
  // lines: pid, folder, start, port, socket folder, address, shared memory, status
  const lines = (await readFile(join(dir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!(pid > 0) || !(await isPostmasterOf(pid, dir))) return null;
  return { pid, port: Number(lines[3] ?? 0), status: (lines[7] ?? '').trim() };
}

async function isPostmasterOf(pid: number, dir: string): Promise<boolean> {
  if ((await processStart(pid)) === null) return false;
  if (process.platform === 'linux') {
    const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    return args[args.indexOf('-D') + 1] === dir && /postgres$/.test(args[0] ?? '');
  }
  const shown = await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).catch(
    () => null,
  );
  return shown?.stdout.includes(`-D ${dir} `) ?? false;
}

/**
 * The port of the cluster's postmaster, which answers: the one that a killed server left running, or a new
 * one. Waits while one starts, recovers or stops. The caller holds the lock of the folder.
 */
export async function ensurePostmaster(
  cluster: Cluster,
  settings: Record<string, string>,
  log: DatabaseLog,
): Promise<number> {
  const deadline = Date.now() + READY_WITHIN_MS;
  let started: { exited: boolean; logFrom: number } | null = null;
  while (Date.now() < deadline) {
    const postmaster = await runningPostmaster(cluster);
    if (postmaster) {
      if (postmaster.status === 'ready' && (await answers(cluster, postmaster.port))) {
        if (!started) log.info({ pid: postmaster.pid }, 'took over the PostgreSQL that was running');
        return postmaster.port;
      }
    } else if (!started || started.exited) {
      if (started) {
        const failure = await failureInLog(cluster, started.logFrom);
        if (!PASSING.test(failure)) {
          throw new Error(`PostgreSQL did not start: ${failure}. Its log is ${cluster.logFile}`);
        }
        await delay(100);
      }
      // stale: PostgreSQL itself would take any living process of our user for the postmaster
      await rm(join(cluster.dir, 'postmaster.pid'), { force: true });
      started = await startPostmaster(cluster, settings);
    }
    await delay(10);
  }
  throw new Error(
    `PostgreSQL in ${cluster.dir} was not ready within ${READY_WITHIN_MS / 1000} s. If it is recovering from a ` +
      `crash it goes on by itself, and a later start will find it ready. Its log is ${cluster.logFile}`,
  );
}

async function startPostmaster(cluster: Cluster, settings: Record<string, string>) {
  const logFrom = await rotateLog(cluster.logFile);
  const logFile = await open(cluster.logFile, 'a', 0o600);
  const state = { exited: false, logFrom };
  try {
    const wanted = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      timezone: 'UTC',
      log_timezone: 'UTC',
      ...settings,
    };
    const child = spawnAs(
      cluster.account,
      cluster.program,
      [
        ...['-D', cluster.dir, '-p', String(await freePort())],
        ...Object.entries(wanted).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      // a session of its own: Ctrl-C is for the server, which then stops PostgreSQL in order
      { detached: true, stdio: ['ignore', logFile.fd, logFile.fd] },
    );
    child.once('exit', () => {
      state.exited = true;
    });
    await once(child, 'spawn');
    child.unref();
  } finally {
    await logFile.close();
  }
  return state;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** The log's present size, after putting a large one aside (one generation is kept). */
async function rotateLog(path: string): Promise<number> {
  const size = await stat(path).then(
    (entry) => entry.size,
    () => 0,
  );
  if (size <= LOG_ROTATED_AT_BYTES) return size;
  await rename(path, `${path}.1`);
  return 0;
}

async function failureInLog({ logFile }: Cluster, from: number): Promise<string> {
  const said = (await readFile(logFile)).subarray(from).toString('utf8').trim().split('\n');
  const line = said.findLast((one) => /FATAL|PANIC|could not/.test(one)) ?? said.at(-1) ?? '';
  return line.replace(/^.*?(FATAL|PANIC): +/, '') || 'it said nothing';
}

/** Whether this cluster answers on the port. A wrong password is an error, everything else passes. */
async function answers(cluster: Cluster, port: number): Promise<boolean> {
  try {
    return await withClient(clusterUrl(cluster, port, 'postgres'), async (client) => {
      const { rows } = await client.query<{ dir: string }>(`SELECT current_setting('data_directory') AS dir`);
      return rows[0]?.dir === cluster.dir;
    });
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code?.startsWith('28')) {
      throw new Error(
        `PostgreSQL in ${cluster.dir} refuses the password in secrets/postgres-password beside it`,
      );
    }
    return false;
  }
}

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Fast mode: open transactions are rolled back, everything is written out, and the process is gone. */
export async function stopPostmaster(cluster: Cluster, log: DatabaseLog): Promise<void> {
  const postmaster = await runningPostmaster(cluster);
  if (!postmaster) return;
  process.kill(postmaster.pid, 'SIGINT');
  const deadline = Date.now() + STOPPED_WITHIN_MS;
  while ((await processStart(postmaster.pid)) !== null) {
    if (Date.now() > deadline) {
      log.warn(
        { pid: postmaster.pid, log: cluster.logFile },
        'PostgreSQL is still stopping; leaving it to that',
      );
      return;
    }
    await delay(10);
  }
}
