import { opendir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from '../database/client.ts';
import type { ContentStore } from './content-store.ts';

const dayMs = 24 * 60 * 60 * 1000;

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Removes the temporaries of servers that are no longer there. Returns how many. */
export async function sweepTemporaries({
  store,
  aliveInstances,
}: {
  store: ContentStore;
  aliveInstances: () => Promise<ReadonlySet<number>>;
}): Promise<number> {
  let removed = 0;
  const names = await namesIn(store.temporaries);
  // Asked after the look: the server of each name was there before its file.
  const alive = await aliveInstances();
  for (const name of names) {
    const instance = /^(\d+)-[0-9a-f-]{36}$/.exec(name)?.[1];
    if (instance === undefined || alive.has(Number(instance))) continue;
    await rm(path.join(store.temporaries, name), { force: true });
    removed += 1;
  }
  return removed;
}

/**
 * Removes contents older than a day that no version names: what a server left that died between putting the
 * bytes in place and committing the row, or between deleting the row and the bytes. Returns how many.
 */
export async function sweepOrphans({
  store,
  db,
  signal,
  now = Date.now(),
}: {
  store: ContentStore;
  db: Database;
  /** fired: ends after the folder under way; the next night does the rest */
  signal?: AbortSignal;
  now?: number;
}): Promise<number> {
  let removed = 0;
  for (const first of await namesIn(store.root)) {
    if (!/^[0-9a-f]{2}$/.test(first)) continue;
    for await (const second of await opendir(path.join(store.root, first))) {
      if (signal?.aborted) return removed;
      if (!/^[0-9a-f]{2}$/.test(second.name)) continue;
      removed += await sweepFolder({ store, db, now, folder: path.join(store.root, first, second.name) });
    }
  }
  return removed;
}

async function sweepFolder(o: {
  store: ContentStore;
  db: Database;
  now: number;
  folder: string;
}): Promise<number> {
  const hashes = (await namesIn(o.folder)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  if (hashes.length === 0) return 0;
  const named = await o.db.documentVersion.findMany({
    where: { sha256: { in: hashes } },
    select: { sha256: true },
    distinct: ['sha256'],
  });
  const known = new Set(named.map((row) => row.sha256));
  const orphans: string[] = [];
  for (const sha256 of hashes) {
    if (known.has(sha256)) continue;
    const found = await stat(path.join(o.folder, sha256)).catch(() => null);
    if (found && o.now - found.mtimeMs > dayMs) orphans.push(sha256);
  }
  return o.store.removeUnreferenced(orphans);
}
