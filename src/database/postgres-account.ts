import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const ACCOUNT = 'postgres';
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** As whom PostgreSQL's programs run; null: as the server itself, an ordinary user. */
export interface PostgresAccount {
  uid: number;
  gid: number;
  /** a folder above the programs or the data is closed to this user: see `spawnAs` */
  needsPassage: boolean;
}

/**
 * PostgreSQL refuses to run as root. A root server runs it as the owner of the cluster or, where there is
 * none yet (or root, as after a careless restore), as the system user `postgres`, which is made when missing.
 * `paths` must exist, and are what that user has to reach.
 */
export async function postgresAccount({
  clusterDir,
  paths,
}: {
  clusterDir: string;
  paths: string[];
}): Promise<PostgresAccount | null> {
  if (process.getuid?.() !== 0) return null;
  const owner = await stat(clusterDir).catch(() => null);
  const ids = owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : await systemUser();
  const reached = await Promise.all(paths.map((path) => canReach(path, ids)));
  return { ...ids, needsPassage: reached.includes(false) };
}

async function systemUser(): Promise<{ uid: number; gid: number }> {
  const idOf = async (option: '-u' | '-g') => Number((await run('id', [option, ACCOUNT])).stdout);
  const known = () => Promise.all([idOf('-u'), idOf('-g')]);
  const [uid, gid] = await known().catch(async () => {
    // two servers may do this at once: what counts is that the user is there afterwards
    const made = await run('useradd', [
      ...['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent'],
      ...['--shell', '/usr/sbin/nologin', ACCOUNT],
    ]).catch((error: Error) => error);
    return known().catch(() => {
      throw new Error(
        `PostgreSQL does not run as root, and the user "${ACCOUNT}" could not be made` +
          `${made instanceof Error ? ` (${made.message.trim()})` : ''}: make it, start the server as an ordinary user, or set DATABASE_URL`,
      );
    });
  });
  return { uid, gid };
}

/** Whether each folder up to the root, and the thing itself, has the x bit for this user. */
async function canReach(path: string, { uid, gid }: { uid: number; gid: number }): Promise<boolean> {
  const { mode, ...entry } = await stat(path);
  const bit = entry.uid === uid ? 0o100 : entry.gid === gid ? 0o010 : 0o001;
  if ((mode & bit) === 0) return false;
  const above = dirname(path);
  return above === path || canReach(above, { uid, gid });
}

/**
 * Starts one of PostgreSQL's programs as `account`. Where a folder on the way is closed to it (a clone in
 * /root, a 0700 folder), it gets CAP_DAC_OVERRIDE, so that no folder of somebody else's is opened up
 * instead. Not CAP_DAC_READ_SEARCH, which would do, but which containers do not have.
 *
 * The environment is not passed on: the server's may hold secrets.
 */
export function spawnAs(
  account: PostgresAccount | null,
  program: string,
  args: string[],
  options: Omit<SpawnOptions, 'uid' | 'gid' | 'env' | 'cwd'>,
): ChildProcess {
  const all: SpawnOptions = {
    ...options,
    cwd: '/',
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C', TZ: 'UTC' },
  };
  if (!account) return spawn(program, args, all);
  const { uid, gid, needsPassage } = account;
  // libuv drops the supplementary groups by itself when it changes the user
  if (!needsPassage) return spawn(program, args, { ...all, uid, gid });
  return spawn(
    'setpriv',
    [
      ...[`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'],
      ...['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--', program, ...args],
    ],
    all,
  );
}
