import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SyncTargetError } from '../../src/modules/sync/sync.errors.ts';
import type { Marker, OutgoingFile, PutResult, SyncSession } from '../../src/modules/sync/sync-target.ts';

export const MB = 1024 * 1024;

/** A content store of its own: files to send, each under a name that says nothing. */
export async function createSources() {
  const folder = await mkdtemp(path.join(tmpdir(), 'classeur-sources-'));
  let count = 0;

  return {
    folder,
    /** A file of so many random bytes, or of these, to be brought to this path. */
    async file(target: string, content: number | string): Promise<OutgoingFile> {
      const source = path.join(folder, String(count++));
      const { sha256, size } = await write(source, content);
      return { path: target, source, sha256, size };
    },
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

async function write(to: string, content: number | string): Promise<{ sha256: string; size: number }> {
  const digest = createHash('sha256');
  const file = await open(to, 'wx');
  try {
    if (typeof content === 'string') {
      await file.writeFile(content);
      digest.update(content);
      return { sha256: digest.digest('hex'), size: Buffer.byteLength(content) };
    }
    const block = randomBytes(Math.min(content, 1024 * 1024));
    for (let left = content; left > 0; left -= block.length) {
      const piece = block.subarray(0, Math.min(left, block.length));
      // no two pieces alike, so that one in the wrong place is noticed
      if (piece.length >= 4) piece.writeUInt32LE(left % 2 ** 32);
      digest.update(piece);
      await file.writeFile(piece);
    }
    return { sha256: digest.digest('hex'), size: content };
  } finally {
    await file.close();
  }
}

/** Sends these and hands back every result. */
export async function putAll<F extends OutgoingFile>(
  session: SyncSession,
  files: AsyncIterable<F> | Iterable<F>,
): Promise<PutResult<F>[]> {
  return Array.fromAsync(session.put(files));
}

/** The fault of the only file sent. */
export async function faultOfPut(session: SyncSession, file: OutgoingFile): Promise<SyncTargetError> {
  const [result] = await putAll(session, [file]);
  if (!result || result.ok) throw new Error('the file was taken');
  return result.error;
}

/** The error that this ends in. */
export async function rejection(work: Promise<unknown>): Promise<SyncTargetError> {
  return work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: SyncTargetError) => error,
  );
}

/** Comes back as soon as it holds; the test's own time limit ends it otherwise. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await nextTurn();
}

/** The names in a folder; none where there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

export function newMarker(overrides: Partial<Marker> = {}): Marker {
  const created_at = '2026-01-02T03:04:05.000Z';
  return { format: 1, target_id: randomUUID(), name: 'nas', created_at, ...overrides };
}

/** Changes a byte, in the middle unless told where, or cuts the last one off. */
export async function tamper(file: string, how: 'alter' | 'truncate', where?: number): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const { size } = await handle.stat();
    if (how === 'truncate') return await handle.truncate(size - 1);
    const byte = Buffer.alloc(1);
    const middle = where ?? Math.floor(size / 2);
    await handle.read(byte, 0, 1, middle);
    await handle.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, middle);
  } finally {
    await handle.close();
  }
}
