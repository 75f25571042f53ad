import { lstat, mkdir } from 'node:fs/promises';
import { SyncTargetError } from '../../sync.errors.ts';
import { OWN_FOLDER } from '../safe-path.ts';
import { errnoOf, on, type Side, unless } from './faults.ts';
import { fsync, withFile } from './fs.ts';
import type { Root } from './root.ts';

/** File systems over a network may not know how to sync a folder; then their server keeps its own order. */
const NO_FOLDER_SYNC = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES', 'EPERM', 'EISDIR', 'EBADF'];

export type Folders = ReturnType<typeof createFolders>;

/** The folders of the mount: each is looked at and made once in a session, and synced for many files at once. */
export function createFolders(root: Root) {
  const known = new Map<string, Promise<void>>();
  const notBegun = new Map<string, Promise<void>>();
  const latest = new Map<string, Promise<void>>();

  const at = (relative: string) => (relative === '' ? root.path : `${root.path}/${relative}`);
  const sideOf = (folder: string): Side => (folder.split('/')[0] === OWN_FOLDER ? 'own' : 'document');

  async function make(folder: string): Promise<void> {
    const parent = parentOf(folder);
    await ensure(parent);
    await on(sideOf(folder), folder, async () => {
      if (await isFolder(folder)) return;
      await unless(['EEXIST'], undefined, () => mkdir(at(folder)));
      if (!(await isFolder(folder))) throw new SyncTargetError('path_conflict', { detail: folder });
    });
    await sync(parent);
  }

  /** Throws `path_refused` for a link that leaves the root, `path_conflict` for what is no folder. */
  async function isFolder(folder: string): Promise<boolean> {
    const found = await unless(['ENOENT'], null, () => lstat(at(folder)));
    if (!found) return false;
    if (found.isDirectory()) return true;
    if (!found.isSymbolicLink()) throw new SyncTargetError('path_conflict', { detail: folder });
    if (await unless(['ENOENT', 'ELOOP'], false, () => root.contains(folder))) return true;
    throw new SyncTargetError('path_refused', { detail: `link: ${JSON.stringify(folder)}` });
  }

  /** Makes the folder and those above it, durably. */
  function ensure(folder: string): Promise<void> {
    if (folder === '') return Promise.resolve();
    const before = known.get(folder);
    if (before !== undefined) return before;
    const made = make(folder);
    known.set(folder, made);
    made.catch(() => known.delete(folder));
    return made;
  }

  /** Whether the folder is there, looking at every part of its path. Makes nothing. */
  async function exists(folder: string): Promise<boolean> {
    if (folder === '' || known.has(folder)) return true;
    return (await exists(parentOf(folder))) && (await on(sideOf(folder), folder, () => isFolder(folder)));
  }

  /** Somebody removed it behind our back: look again next time. */
  function forget(folder: string): void {
    for (const path of known.keys()) if (`${folder}/`.startsWith(`${path}/`)) known.delete(path);
  }

  /** Makes the folder and works in it; removed by somebody meanwhile, it is made again, once. */
  async function within<T>(folder: string, work: () => Promise<T>): Promise<T> {
    await ensure(folder);
    try {
      return await work();
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      forget(folder);
      await ensure(folder);
      return work();
    }
  }

  /** Resolves after a sync of the folder that began after this call: everyone who asks meanwhile shares it. */
  function sync(folder: string): Promise<void> {
    const awaited = notBegun.get(folder);
    if (awaited !== undefined) return awaited;
    const next = (latest.get(folder) ?? Promise.resolve()).then(() => {
      notBegun.delete(folder);
      return run(folder);
    });
    const over = next.then(
      () => {},
      () => {},
    );
    notBegun.set(folder, next);
    latest.set(folder, over);
    void over.then(() => latest.get(folder) === over && latest.delete(folder));
    return next;
  }

  function run(folder: string): Promise<void> {
    return on(sideOf(folder), folder, () =>
      unless(NO_FOLDER_SYNC, undefined, () => withFile(at(folder), 'r', fsync)),
    );
  }

  return { at, ensure, exists, forget, within, sync };
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
