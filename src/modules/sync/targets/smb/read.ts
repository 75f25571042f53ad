import { createHash } from 'node:crypto';
import { lstat, readdir, unlink } from 'node:fs/promises';
import { SyncTargetError } from '../../sync.errors.ts';
import type { ExpectedFile } from '../../sync-target.ts';
import { assertSafePath, OWN_FOLDER } from '../safe-path.ts';
import { on, unless } from './faults.ts';
import { type Folders, parentOf } from './folders.ts';
import { close, fstat, fsync, open, READ_FLAGS, readFull, writeFull } from './fs.ts';
import type { WireFolder, WireHeld } from './protocol.ts';
import { type createSlots, PIECE, type Slot } from './slots.ts';
import type { Task } from './task.ts';

/** Folders are listed by so many files at once. */
const LIST_AT_ONCE = 16;

export type Reader = ReturnType<typeof createReader>;

/** Looks at what the mount holds; writes nothing there. */
export function createReader({
  folders,
  slots,
}: {
  folders: Folders;
  slots: ReturnType<typeof createSlots>;
}) {
  /** Opens a regular file; null where there is none. */
  async function openFile(
    absolute: string,
  ): Promise<{ fd: number; size: number; modifiedAt: number } | null> {
    const fd = await unless(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EISDIR'], null, () =>
      open(absolute, READ_FLAGS),
    );
    if (fd === null) return null;
    const found = await fstat(fd);
    if (found.isFile()) return { fd, size: found.size, modifiedAt: found.mtimeMs };
    await close(fd);
    return null;
  }

  /** Reads a file through, handing on each piece. */
  async function hashAt(
    absolute: string,
    path: string,
    slot: Slot,
    task: Task,
    use?: (piece: Buffer) => Promise<void>,
  ): Promise<(WireHeld & { sha256: string }) | null> {
    const file = await on('document', path, () => openFile(absolute));
    if (!file) return null;
    const digest = createHash('sha256');
    const readInto = (which: 0 | 1) => {
      const buffer = slot.buffer(which, PIECE);
      const bytes = readFull(file.fd, buffer).then((length) => buffer.subarray(0, length));
      // its failure is met where it is awaited
      bytes.catch(() => {});
      return bytes;
    };
    let size = 0;
    let which: 0 | 1 = 0;
    let next = readInto(which);
    try {
      for (;;) {
        task.step();
        const current = next;
        const bytes = await on('document', path, () => current);
        if (bytes.length === 0) break;
        // the next piece is read while this one is hashed
        which = which === 0 ? 1 : 0;
        next = readInto(which);
        digest.update(bytes);
        await use?.(bytes);
        size += bytes.length;
      }
    } finally {
      await next.catch(() => {});
      await close(file.fd);
    }
    return { size, modifiedAt: file.modifiedAt, sha256: digest.digest('hex') };
  }

  async function locate(path: string): Promise<string | null> {
    assertSafePath(path);
    return (await folders.exists(parentOf(path))) ? folders.at(path) : null;
  }

  async function verify(file: ExpectedFile, task: Task): Promise<'ok' | 'missing' | 'corrupt'> {
    const held = await stat(file.path, { hash: false }, task);
    if (!held) return 'missing';
    if (held.size !== file.size) return 'corrupt';
    const read = await stat(file.path, { hash: true }, task);
    if (!read) return 'missing';
    return read.sha256 === file.sha256 ? 'ok' : 'corrupt';
  }

  async function stat(path: string, { hash }: { hash: boolean }, task: Task): Promise<WireHeld | null> {
    const absolute = await locate(path);
    if (absolute === null) return null;
    if (hash) return slots.use(PIECE, task.waiting, (slot) => hashAt(absolute, path, slot, task));
    const found = await on('document', path, () => unless(['ENOENT'], null, () => lstat(absolute)));
    return found?.isFile() ? { size: found.size, modifiedAt: found.mtimeMs, sha256: null } : null;
  }

  async function listFolder(path: string, task: Task): Promise<WireFolder> {
    const listed: WireFolder = { folders: [], files: [] };
    if (path !== '') assertSafePath(path);
    if (!(await folders.exists(path))) return listed;
    const names = await on('document', path, () =>
      unless(['ENOENT', 'ENOTDIR'], [], () => readdir(folders.at(path))),
    );
    const waiting = names.filter((name) => path !== '' || name.toLowerCase() !== OWN_FOLDER);
    const look = async () => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        task.step();
        const child = path === '' ? name : `${path}/${name}`;
        const found = await on('document', child, () =>
          unless(['ENOENT'], null, () => lstat(folders.at(child))),
        );
        if (found?.isDirectory()) listed.folders.push(name);
        if (found?.isFile()) listed.files.push({ name, size: found.size, modifiedAt: found.mtimeMs });
      }
    };
    await Promise.all(Array.from({ length: LIST_AT_ONCE }, look));
    return listed;
  }

  async function get(
    { path, to, sha256 }: { path: string; to: string; sha256: string | null },
    task: Task,
  ): Promise<{ sha256: string; size: number }> {
    const absolute = await locate(path);
    if (absolute === null) throw new SyncTargetError('file_missing', { detail: JSON.stringify(path) });
    const local = await on('local', to, () => open(to, 'wx', 0o600));
    try {
      const held = await slots.use(PIECE, task.waiting, (slot) =>
        hashAt(absolute, path, slot, task, (piece) => on('local', to, () => writeFull(local, piece))),
      );
      if (!held) throw new SyncTargetError('file_missing', { detail: JSON.stringify(path) });
      if (sha256 !== null && held.sha256 !== sha256) {
        throw new SyncTargetError('hash_mismatch', { detail: JSON.stringify(path) });
      }
      await on('local', to, () => fsync(local));
      return { sha256: held.sha256, size: held.size };
    } catch (error) {
      await unlink(to).catch(() => {});
      throw error;
    } finally {
      await close(local);
    }
  }

  return { hashAt, verify, stat, listFolder, get };
}
