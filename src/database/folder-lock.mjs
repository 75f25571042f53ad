// Plain JavaScript, with its types in folder-lock.d.mts: scripts/run.mjs needs it before there is a
// Node that runs TypeScript.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A folder that has no `owner` yet is being made, unless it is older than this. */
const MADE_WITHIN_MS = 60_000;

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
 * The folder comes and goes by rename only, so it is never seen without its `owner` file. Let go of or taken
 * from a dead owner, it becomes a grave with a name made from that owner, `path.dead-…`. A slow waiter that
 * still means the same owner cannot bury the next, living one by mistake: the grave's name is taken. Graves
 * go when nobody waits any more; a waiter shows by its own folder, `path.…`.
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
        await renamed(path, graveOf(path, owner.split(' ')[2] ?? 'unknown'));
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
    return await work();
  } finally {
    await rename(path, graveOf(path, token));
    await clearGraves(path);
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

const graveOf = (path, token) => `${path}.dead-${token}`;

async function clearGraves(path) {
  const prefix = `${basename(path)}.`;
  const names = (await readdir(dirname(path))).filter((name) => name.startsWith(prefix));
  const isGrave = (name) => name.startsWith(`${prefix}dead-`);
  const paths = (wanted) => names.filter(wanted).map((name) => join(dirname(path), name));
  let someoneWaits = false;
  for (const waiter of paths((name) => !isGrave(name))) {
    if (await waits(waiter)) someoneWaits = true;
    else await remove(waiter);
  }
  if (!someoneWaits) for (const grave of paths(isGrave)) await remove(grave);
}

async function waits(waiter) {
  const owner = await readFile(join(waiter, 'owner'), 'utf8').catch(() => '');
  if (owner !== '') return !(await ownerIsDead(owner));
  const made = await stat(waiter).catch(() => null);
  return made !== null && Date.now() - made.ctimeMs < MADE_WITHIN_MS;
}

/** What another user left cannot be removed, and is not worth failing for. */
const remove = (folder) => rm(folder, { recursive: true, force: true }).catch(() => {});
