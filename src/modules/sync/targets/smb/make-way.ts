import { lstat, rename, unlink } from 'node:fs/promises';
import { SyncTargetError } from '../../sync.errors.ts';
import { trashPath } from '../trash-path.ts';
import { on, unless } from './faults.ts';
import { type Folders, parentOf } from './folders.ts';
import { close, open } from './fs.ts';
import type { WireFile } from './protocol.ts';
import type { Reader } from './read.ts';
import type { Root } from './root.ts';
import type { Slot } from './slots.ts';
import type { Task } from './task.ts';

/**
 * Looks at what stands at a final path before a file takes it (see `SyncSession.put`): what is not ours is
 * moved into the trash, what is ours stays and is replaced by the rename that follows. Where nothing stands,
 * the usual case, it costs one lstat.
 */
export function createWayMaker({ root, folders, reader }: { root: Root; folders: Folders; reader: Reader }) {
  async function makeWay(file: WireFile, slot: Slot, task: Task): Promise<void> {
    const standing = folders.at(file.path);
    const found = await on('document', file.path, () => unless(['ENOENT'], null, () => lstat(standing)));
    if (!found) return;
    // a link too: replacing it would lose it
    if (!found.isFile()) throw new SyncTargetError('path_conflict', { detail: JSON.stringify(file.path) });
    if (found.size === file.size || file.replaces !== null) {
      const held = await reader.hashAt(standing, file.path, slot, task);
      if (held && [file.sha256, file.replaces].includes(held.sha256)) return;
    }
    // taken away meanwhile by its owner, or the trash by somebody: look again
    if (!(await moveAside(file.path, task))) await makeWay(file, slot, task);
  }

  /** False when there was nothing to move any more, or nowhere to. */
  async function moveAside(path: string, task: Task): Promise<boolean> {
    const place = await reserve(path, task);
    try {
      await root.check();
      await on('document', path, () => rename(folders.at(path), folders.at(place)));
    } catch (error) {
      await giveBack(folders.at(place));
      if (error instanceof SyncTargetError && error.code === 'file_missing') return false;
      throw error;
    }
    await folders.sync(parentOf(place));
    return true;
  }

  /**
   * An empty file of ours in the trash, for the rename to replace: so neither what lies there already nor what
   * another server throws away at the same time is overwritten. A kill leaves it there, empty.
   */
  async function reserve(path: string, task: Task): Promise<string> {
    const today = new Date();
    for (let nth = 1; ; nth++) {
      task.step();
      const place = trashPath(path, { on: today, nth });
      const fd = await on('document', place, () =>
        unless(['EEXIST'], null, () => folders.within(parentOf(place), () => open(folders.at(place), 'wx'))),
      );
      if (fd === null) continue;
      await close(fd);
      return place;
    }
  }

  /** Only while it is empty: a rename whose answer got lost on the network may have come to pass. */
  async function giveBack(absolute: string): Promise<void> {
    // what ended the move is told; an empty file left in the trash harms nobody
    const found = await lstat(absolute).catch(() => null);
    if (found?.size === 0) await unlink(absolute).catch(() => {});
  }

  return makeWay;
}
