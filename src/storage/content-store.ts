import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Database, Transaction } from '../database/client.ts';
import { asStorageError, storageMissing } from './storage.errors.ts';

/** What `head` keeps: enough to recognise any file type. Bytes. */
const headLength = 4100;

/** Bytes between disk and socket at a time, in both directions. */
const chunkSize = 512 * 1024;

export type ContentStore = ReturnType<typeof createContentStore>;

/** Bytes that have arrived whole and are safe in a temporary file. */
export interface Received {
  /** SHA-256, hex */
  sha256: string;
  /** bytes */
  size: number;
  /** the first 4100 bytes */
  head: Buffer;
  /**
   * Puts the bytes at their final place, durably. Call it last in the transaction that writes the row which
   * names them: from here to the commit no deletion of the same bytes can come between.
   */
  commit(tx: Transaction): Promise<void>;
  /** Takes the bytes back, unless a committed row names them. After a transaction that failed, or instead of one. */
  discard(): Promise<void>;
}

/** The advisory lock of one content: the first 64 bits of its hash. */
export function lockKey(sha256: string): bigint {
  return BigInt.asIntN(64, BigInt(`0x${sha256.slice(0, 16)}`));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Where the bytes of documents live: one file for each content, at `<root>/ab/cd/<sha256>`, written once and
 * never changed. A row of `document_versions` names it; there is never such a row without its bytes.
 *
 * Several servers may share one root. A temporary carries the id of the server that writes it, so that the
 * others know whether that server is still there to finish it.
 */
export function createContentStore({
  db,
  root,
  instanceId,
}: {
  db: Database;
  root: string;
  instanceId: number;
}) {
  const temporaries = path.join(root, 'tmp');
  /** folders that this server has seen to the disk; at most 65,536 */
  const durable = new Set<string>();

  function pathOf(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Error('not a SHA-256');
    return path.join(root, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  }

  async function place(temporary: string, sha256: string): Promise<void> {
    const target = pathOf(sha256);
    const folder = path.dirname(target);
    await mkdir(folder, { recursive: true });
    await rename(temporary, target);
    await syncFolder(folder);
    // A folder is durable once its parents are; who made it may not have come to that yet.
    if (durable.has(folder)) return;
    for (let parent = path.dirname(folder); parent.startsWith(root); parent = path.dirname(parent))
      await syncFolder(parent);
    durable.add(folder);
  }

  /**
   * Deletes contents that no version names any more. Call it after the transaction that removed the rows. An
   * upload of the same bytes either commits first, and is seen here, or puts its own copy in place afterwards.
   */
  async function removeUnreferenced(hashes: Iterable<string>): Promise<number> {
    let removed = 0;
    for (const sha256 of new Set(hashes)) {
      await db.$transaction(
        async (tx) => {
          await tx.$executeRaw`SELECT pg_advisory_xact_lock(${lockKey(sha256)}::bigint)`;
          if ((await tx.documentVersion.count({ where: { sha256 } })) > 0) return;
          await rm(pathOf(sha256), { force: true });
          removed += 1;
        },
        { maxWait: 10_000, timeout: 60_000 },
      );
    }
    return removed;
  }

  return {
    root,
    temporaries,
    /** Where a content lies, or would lie. Throws for what is not a hash. */
    path: pathOf,
    removeUnreferenced,

    /**
     * Streams bytes to a temporary file while hashing them; memory stays flat whatever their number. Returns
     * when they are on the disk. When it throws, nothing is left behind: `storage.full` for a full disk, the
     * stream's own error when the sender went away.
     */
    async receive(stream: Readable, { signal }: { signal?: AbortSignal } = {}): Promise<Received> {
      const temporary = path.join(temporaries, `${instanceId}-${randomUUID()}`);
      const hash = createHash('sha256');
      const heads: Buffer[] = [];
      let size = 0;
      let handle: FileHandle | undefined;
      try {
        if (await mkdir(temporaries, { recursive: true })) {
          await syncFolder(root);
          await syncFolder(path.dirname(root));
        }
        handle = await open(temporary, 'wx', 0o600);
        const file = handle.createWriteStream({ highWaterMark: chunkSize, flush: true });
        const watch = async function* (source: AsyncIterable<Buffer>) {
          for await (const chunk of source) {
            hash.update(chunk);
            // Copied: a slice would keep the whole chunk alive.
            if (size < headLength) heads.push(Buffer.from(chunk.subarray(0, headLength - size)));
            size += chunk.length;
            yield chunk;
          }
        };
        await pipeline(stream, watch, file, signal ? { signal } : {});
      } catch (error) {
        await handle?.close().catch(() => {});
        await rm(temporary, { force: true });
        throw asStorageError(error);
      }

      const sha256 = hash.digest('hex');
      let placed = false;
      return {
        sha256,
        size,
        head: Buffer.concat(heads),
        async commit(tx) {
          await tx.$executeRaw`SELECT pg_advisory_xact_lock_shared(${lockKey(sha256)}::bigint)`;
          try {
            await place(temporary, sha256);
            placed = true;
          } catch (error) {
            throw asStorageError(error);
          }
        },
        async discard() {
          if (placed) await removeUnreferenced([sha256]);
          else await rm(temporary, { force: true });
        },
      };
    },

    /**
     * Opens a content for reading, the whole or the bytes from `start` to `end` inclusive. Throws
     * `storage.missing` when it is not there or not of the `size` it should have, before the first byte.
     */
    async readStream(
      sha256: string,
      { size, start, end }: { size: number; start?: number; end?: number },
    ): Promise<Readable> {
      let handle: FileHandle;
      try {
        handle = await open(pathOf(sha256), 'r');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw storageMissing({ cause: error });
        throw error;
      }
      const found = await handle.stat();
      if (found.size !== size) {
        await handle.close();
        throw storageMissing({
          cause: new Error(`${sha256}: ${found.size} bytes where there should be ${size}`),
        });
      }
      return handle.createReadStream({
        highWaterMark: chunkSize,
        ...(start === undefined ? {} : { start }),
        ...(end === undefined ? {} : { end }),
      });
    },
  };
}
