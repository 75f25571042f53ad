import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import type { Client } from '../support/app.ts';
import { upload } from '../support/upload.ts';

export const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Bytes that no other paper has. */
export const paper = (size: number) => randomBytes(size);

/** Bytes of one of many papers of an office: many small ones, some scans, a few large ones, in turn. */
export const sizeOf = (index: number) => {
  if (index % 25 === 24) return 5 * 1024 * 1024;
  return index % 5 === 4 ? 200_000 + index : 2_000 + 97 * index;
};

/** Files many papers, a few at a time; their SHA-256 → size. */
export async function filePapers(client: Client, count: number): Promise<Map<string, number>> {
  const papers = new Map<string, number>();
  const indexes = Array.from({ length: count }, (_, index) => index).values();
  const file = async () => {
    for (const index of indexes) {
      const bytes = paper(sizeOf(index));
      const answer = await upload(client, {
        name: `paper-${index}.bin`,
        bytes,
        fields: { document_date: `2026-0${1 + (index % 3)}-15` },
      });
      expect(answer.status).toBe(201);
      papers.set(sha256Of(bytes), bytes.length);
    }
  };
  await Promise.all([file(), file(), file(), file()]);
  return papers;
}

/** Paths, relative, of the files under a folder, but for the `.classeur` of a target. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter((name) => !name.startsWith('.classeur'));
}

export const temporariesOn = (mount: string) =>
  readdir(path.join(mount, '.classeur', 'tmp')).catch(() => [] as string[]);

/** The documents' files on a mount: path → hash. */
export async function heldOn(mount: string): Promise<Map<string, string>> {
  const held = new Map<string, string>();
  for (const name of await filesIn(mount)) held.set(name, sha256Of(await readFile(path.join(mount, name))));
  return held;
}

/** What changes when a file is written again: its inode, its times. */
export async function identities(mount: string, names: Iterable<string>): Promise<Record<string, string>> {
  const pairs: [string, string][] = [];
  for (const name of names) {
    const { ino, mtimeNs, ctimeNs } = await stat(path.join(mount, name), { bigint: true });
    pairs.push([name, `${ino} ${mtimeNs} ${ctimeNs}`]);
  }
  return Object.fromEntries(pairs);
}

/** Reads every file that appears at a final path as soon as it is there; `stop()` gives those not whole. */
export function watchFinalPaths(
  mount: string,
  papers: Map<string, number>,
): { stop: () => Promise<string[]> } {
  let stopped = false;
  const seen = new Set<string>();
  const broken: string[] = [];
  const look = async () => {
    for (const name of await filesIn(mount)) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (!papers.has(sha256Of(await readFile(path.join(mount, name))))) broken.push(name);
    }
  };
  const watching = (async () => {
    while (!stopped) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await watching;
      return broken;
    },
  };
}
