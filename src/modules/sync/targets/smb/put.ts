import { createHash, hash, randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { rename, unlink } from 'node:fs/promises';
import { SyncTargetError } from '../../sync.errors.ts';
import { assertSafePath, TEMP_FOLDER } from '../safe-path.ts';
import { on, unless } from './faults.ts';
import { type Folders, parentOf } from './folders.ts';
import { fdatasync, fsync, futimes, READ_FLAGS, readFull, readFullSync, withFile, writeFull } from './fs.ts';
import { createWayMaker } from './make-way.ts';
import type { WireFile } from './protocol.ts';
import type { Reader } from './read.ts';
import type { Root } from './root.ts';
import { type createSlots, PIECE, type Slot } from './slots.ts';
import type { Task } from './task.ts';

/** Written to the disk at least so often, so that no single sync takes longer than the deadline. */
const SYNC_EVERY = 8 * PIECE;

/** A session's temporaries bear its name: what another session left is told apart. */
export const PUT_PREFIX = 'put-';

export interface WriterParts {
  root: Root;
  folders: Folders;
  reader: Reader;
  slots: ReturnType<typeof createSlots>;
}

/** Brings files to their final paths, proved (see `SyncSession.put`). */
export function createWriter({ root, folders, reader, slots }: WriterParts) {
  const prefix = `${PUT_PREFIX}${randomUUID()}-`;
  const makeWay = createWayMaker({ root, folders, reader });
  let counter = 0;

  async function put(file: WireFile, task: Task): Promise<{ sentBytes: number }> {
    assertSafePath(file.path);
    if (file.maybeHeld && (await isHeld(file, task))) return { sentBytes: 0 };
    await slots.use(file.size, task.waiting, (slot) => copy(file, slot, task));
    await folders.sync(parentOf(file.path));
    return { sentBytes: file.size };
  }

  /** A killed run brought it there, but may not have lived to sync it. */
  async function isHeld(file: WireFile, task: Task): Promise<boolean> {
    if ((await reader.verify(file, task)) !== 'ok') return false;
    await root.check();
    await on('document', file.path, () => withFile(folders.at(file.path), READ_FLAGS, fsync));
    await folders.sync(parentOf(file.path));
    return true;
  }

  async function copy(file: WireFile, slot: Slot, task: Task): Promise<void> {
    task.step();
    await folders.ensure(TEMP_FOLDER);
    await folders.ensure(parentOf(file.path));
    const temp = folders.at(`${TEMP_FOLDER}/${prefix}${counter++}`);
    // Our own disk, not the mount: a call in this thread costs less than a turn in another.
    const source = await on('source', file.source, async () => openSync(file.source, READ_FLAGS));
    try {
      if (file.size < PIECE) await copyWhole(file, source, temp, slot, task);
      else await copyByPieces(file, source, temp, slot, task);
      task.step();
      await makeWay(file, slot, task);
      await root.check();
      await toFinalPath(temp, file.path);
    } catch (error) {
      // whoever emptied `.classeur` meanwhile took the folder too: made again for the next file
      await unlink(temp).catch(() => folders.forget(TEMP_FOLDER));
      throw error;
    } finally {
      closeSync(source);
    }
  }

  async function copyWhole(file: WireFile, source: number, temp: string, slot: Slot, task: Task) {
    // one byte more than there should be, to notice a source that has grown
    const bytes = slot.buffer(0, file.size + 1);
    const length = await on('source', file.source, async () => readFullSync(source, bytes));
    const sent = bytes.subarray(0, length);
    if (length !== file.size || hash('sha256', sent) !== file.sha256) throw sourceChanged(file);
    task.step();
    await writeTemp(file, temp, (fd) => writeFull(fd, sent), task);
    const back = slot.buffer(1, file.size + 1);
    const held = await on('document', file.path, () =>
      withFile(temp, READ_FLAGS, (fd) => readFull(fd, back)),
    );
    if (!sent.equals(back.subarray(0, held))) throw notHeld(file);
  }

  async function copyByPieces(file: WireFile, source: number, temp: string, slot: Slot, task: Task) {
    const piece = slot.buffer(0, PIECE);
    const digest = createHash('sha256');
    let sent = 0;
    const pump = async (fd: number) => {
      for (;;) {
        const length = await on('source', file.source, () => readFull(source, piece));
        if (length === 0) break;
        const bytes = piece.subarray(0, length);
        const written = writeFull(fd, bytes);
        digest.update(bytes);
        await written;
        task.step();
        sent += length;
        if (sent > file.size) throw sourceChanged(file);
        if (sent % SYNC_EVERY === 0) await fdatasync(fd);
        task.step();
      }
      if (sent !== file.size || digest.digest('hex') !== file.sha256) throw sourceChanged(file);
    };
    await writeTemp(file, temp, pump, task);
    const held = await reader.hashAt(temp, file.path, slot, task);
    if (held?.sha256 !== file.sha256) throw notHeld(file);
  }

  async function writeTemp(file: WireFile, temp: string, fill: (fd: number) => Promise<void>, task: Task) {
    await on('own', file.path, () =>
      withFile(temp, 'wx', async (fd) => {
        await fill(fd);
        await setTime(fd, file.modifiedAt);
        await fsync(fd);
        task.step();
      }),
    );
  }

  async function toFinalPath(temp: string, path: string): Promise<void> {
    await on('document', path, () => folders.within(parentOf(path), () => rename(temp, folders.at(path))));
  }

  return {
    put,
    /** whether a temporary is this session's own */
    isOwn: (name: string) => name.startsWith(prefix),
  };
}

/** A copy without its time is a copy: not every server lets one set it. */
async function setTime(fd: number, modifiedAt: number | null): Promise<void> {
  if (modifiedAt === null) return;
  const seconds = modifiedAt / 1000;
  await unless(['EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'ENOSYS'], undefined, () =>
    futimes(fd, seconds, seconds),
  );
}

const sourceChanged = (file: WireFile) => new SyncTargetError('source_changed', { detail: file.source });
const notHeld = (file: WireFile) =>
  new SyncTargetError('hash_mismatch', { detail: JSON.stringify(file.path) });
