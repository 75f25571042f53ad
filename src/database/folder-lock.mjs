// Plain JavaScript, with its types in folder-lock.d.mts: scripts/run.mjs needs it before there is a
// Node that runs TypeScript.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Lock folders of dead owners stay this long, so that nobody takes a live owner's for theirs (see below). */
const DEAD_LOCK_KEPT_MS = 60_000;

/**
 * When a process started, in a form good only for comparing: a pid alone may have been given to another
 * program since. Null when there is no such process, '' where the machine does not tell (no /proc).
 */
export async function processStart(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return null;
  }
  if (process.platform !== 'linux') return '';
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  // the fields after the program's name, which may itself hold blanks and parentheses; see proc(5)
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? null : fields[19];
}

async function ownerIsDead(owner) {
  const [pid, start] = owner.split(' ');
  if (!/^\d+$/.test(pid ?? '')) return true;
  const now = await processStart(Number(pid));
  return now === null || (now !== '' && start !== '' && now !== start);
}

/**
 * Does `work` while this process alone holds the folder `path`; waits for its turn at most `timeoutMs`.
 * A holder that was killed is noticed by its pid and start time.
 *
 * The folder comes and goes by rename only, so it is never seen without its `owner` file. A dead owner's
 * folder is renamed to a name made from that owner: a second process that meant the same dead owner
 * cannot rename the next, live one there, because the name is taken.
 */
export async function withFolderLock({ path, timeoutMs }, work) {
  const token = randomBytes(8).toString('hex');
  const mine = `${path}.${token}`;
  await mkdir(mine);
  try {
    await writeFile(join(mine, 'owner'), `${process.pid} ${await processStart(process.pid)} ${token}`);
    const deadline = Date.now() + timeoutMs;
    while (!(await renamed(mine, path))) {
      const owner = await readFile(join(path, 'owner'), 'utf8').catch(() => null);
      if (owner !== null && (await ownerIsDead(owner))) {
        await renamed(path, `${path}.dead-${owner.split(' ')[2] ?? 'unknown'}`);
        continue;
      }
      if (Date.now() > deadline) {
        throw new Error(
          `${path} has been held by process ${owner?.split(' ')[0] ?? '?'} for more than ${timeoutMs / 1000} s`,
        );
      }
      await delay(20);
    }
  } catch (error) {
    await rm(mine, { recursive: true, force: true });
    throw error;
  }
  try {
    await removeDeadLocks(path);
    return await work();
  } finally {
    await rename(path, mine);
    await rm(mine, { recursive: true, force: true });
  }
}

async function renamed(from, to) {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EPERM'].includes(error.code)) return false;
    throw error;
  }
}

async function removeDeadLocks(path) {
  const folder = dirname(path);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${basename(path)}.`)) continue;
    const changed = await stat(join(folder, name)).then(
      (entry) => entry.ctimeMs,
      () => Date.now(),
    );
    if (Date.now() - changed < DEAD_LOCK_KEPT_MS) continue;
    // a waiting process's own folder may be old as well
    const owner = await readFile(join(folder, name, 'owner'), 'utf8').catch(() => '');
    if (await ownerIsDead(owner))
      await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
  }
}
