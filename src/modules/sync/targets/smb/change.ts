import { randomBytes, randomUUID } from 'node:crypto';
import { lstat, readdir, rename, rm, stat, statfs, unlink } from 'node:fs/promises';
import { SyncTargetError } from '../../sync.errors.ts';
import { assertSafePath, TEMP_FOLDER } from '../safe-path.ts';
import { on, unless } from './faults.ts';
import { type Folders, parentOf } from './folders.ts';
import { fsync, READ_FLAGS, readFull, withFile, writeFull } from './fs.ts';
import type { WireProbe } from './protocol.ts';
import { PUT_PREFIX } from './put.ts';
import type { Root } from './root.ts';
import type { Task } from './task.ts';

/** A probe's or a marker's temporary this old (ms) has nobody left who would remove it. */
const ABANDONED_AFTER = 3_600_000;

/** What changes the mount without bringing documents. */
export function createChanges({
  root,
  folders,
  isOwnTemp,
}: {
  root: Root;
  folders: Folders;
  isOwnTemp: (name: string) => boolean;
}) {
  async function probe(task: Task): Promise<WireProbe> {
    await root.check();
    await folders.ensure(TEMP_FOLDER);
    const first = folders.at(`${TEMP_FOLDER}/probe-${randomUUID()}`);
    const second = `${first}-2`;
    try {
      return await on('own', TEMP_FOLDER, async () => {
        const before = Date.now();
        await writeAndReadBack(first, task);
        const clockDriftMs = Math.round((await stat(first)).mtimeMs - (before + Date.now()) / 2);
        const bytes = await writeAndReadBack(second, task);
        await rename(second, first);
        if (!(await holds(first, bytes))) throw new SyncTargetError('failed', { detail: 'rename over' });
        await unlink(first);
        if (await unless(['ENOENT'], null, () => lstat(first))) {
          throw new SyncTargetError('failed', { detail: 'delete' });
        }
        const { bsize, bavail, blocks } = await statfs(root.path);
        return { clockDriftMs, freeBytes: bavail * bsize, totalBytes: blocks * bsize };
      });
    } finally {
      await Promise.all([first, second].map((path) => rm(path, { force: true }).catch(() => {})));
    }
  }

  async function writeAndReadBack(path: string, task: Task): Promise<Buffer> {
    const bytes = randomBytes(4096);
    await withFile(path, 'wx', async (fd) => {
      await writeFull(fd, bytes);
      await fsync(fd);
    });
    task.step();
    if (!(await holds(path, bytes))) throw new SyncTargetError('failed', { detail: 'read back' });
    task.step();
    return bytes;
  }

  async function move(from: string, to: string): Promise<null> {
    assertSafePath(from);
    assertSafePath(to);
    if (!(await folders.exists(parentOf(from)))) throw new SyncTargetError('file_missing', { detail: from });
    await on('document', from, async () => {
      if (!(await lstat(folders.at(from))).isFile())
        throw new SyncTargetError('file_missing', { detail: from });
    });
    await folders.ensure(parentOf(to));
    await root.check();
    await on('document', to, () => rename(folders.at(from), folders.at(to)));
    await folders.sync(parentOf(to));
    await folders.sync(parentOf(from));
    return null;
  }

  async function remove(path: string): Promise<boolean> {
    assertSafePath(path);
    if (!(await folders.exists(parentOf(path)))) return false;
    await root.check();
    return on('document', path, async () => {
      const found = await unless(['ENOENT'], null, () => lstat(folders.at(path)));
      if (!found?.isFile()) return false;
      await unlink(folders.at(path));
      await folders.sync(parentOf(path));
      return true;
    });
  }

  async function sweep(task: Task): Promise<number> {
    if (!(await folders.exists(TEMP_FOLDER))) return 0;
    await root.check();
    const names = await on('own', TEMP_FOLDER, () => readdir(folders.at(TEMP_FOLDER)));
    let removed = 0;
    for (const name of names.filter((each) => !isOwnTemp(each))) {
      task.step();
      if (await isLeftOver(name)) {
        await on('own', name, () => unlink(folders.at(`${TEMP_FOLDER}/${name}`)));
        removed++;
      }
    }
    return removed;
  }

  /** A killed run's temporaries at once, as no other run can be under way; those of probes when they are old. */
  async function isLeftOver(name: string): Promise<boolean> {
    const found = await unless(['ENOENT'], null, () => lstat(folders.at(`${TEMP_FOLDER}/${name}`)));
    if (!found || found.isDirectory()) return false;
    return name.startsWith(PUT_PREFIX) || Date.now() - found.mtimeMs > ABANDONED_AFTER;
  }

  return { probe, move, remove, sweep };
}

async function holds(path: string, bytes: Buffer): Promise<boolean> {
  const back = Buffer.alloc(bytes.length + 1);
  const length = await withFile(path, READ_FLAGS, (fd) => readFull(fd, back));
  return back.subarray(0, length).equals(bytes);
}
