import { constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { badImportPath } from './documents.errors.ts';

/** Links are refused, and a pipe does not keep us waiting for its other end. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The import folder that holds the path, both with no link resolved, and the path where it must really be. */
async function locate(importDirs: readonly string[], filePath: string): Promise<string> {
  if (!path.isAbsolute(filePath) || filePath.split(/[/\\]/).includes('..')) throw badImportPath();
  for (const dir of importDirs) {
    const inside = path.relative(dir, path.normalize(filePath));
    if (inside === '' || inside.startsWith('..') || path.isAbsolute(inside)) continue;
    // The folder itself may be reached through links, its administrator's; nothing below it.
    const expected = path.join(await realpath(dir), inside);
    if ((await realpath(filePath)) === expected) return expected;
  }
  throw badImportPath();
}

/**
 * Opens a file of an import folder (contract §4). Anything that is not a regular file inside one of them, with
 * no link and no `..` on the way, is one and the same 400, whether it exists or not.
 */
export async function openImport({
  importDirs,
  filePath,
}: {
  importDirs: readonly string[];
  filePath: string;
}): Promise<{ stream: Readable; name: string }> {
  let handle: FileHandle | undefined;
  try {
    const expected = await locate(importDirs, filePath);
    handle = await open(expected, flags);
    const opened = await handle.stat();
    // Asked again now that it is open: a folder on the way may have been swapped for a link meanwhile.
    const named = await stat(await realpath(expected));
    if (
      !opened.isFile() ||
      (await realpath(expected)) !== expected ||
      named.ino !== opened.ino ||
      named.dev !== opened.dev
    ) {
      throw badImportPath();
    }
    return { stream: handle.createReadStream({ highWaterMark: 512 * 1024 }), name: path.basename(expected) };
  } catch (error) {
    await handle?.close();
    throw badImportPath({ cause: error });
  }
}
