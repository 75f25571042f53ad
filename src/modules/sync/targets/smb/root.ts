import { constants } from 'node:fs';
import { access, readFile, realpath, stat } from 'node:fs/promises';
import { SyncTargetError } from '../../sync.errors.ts';
import { MARKER_PATH } from '../safe-path.ts';
import { parseMarker } from '../target-marker.ts';
import { errnoOf, faultOf, on } from './faults.ts';
import { open } from './fs.ts';

/**
 * The root of the mount, held for the whole session.
 *
 * When a share goes away its folder is still there, on the local disk, and would take every write. Two things
 * stand against that. On Linux the root is held open and every path goes through `/proc/self/fd/N/`, so even
 * in the instant when the mount changes nothing can land outside the file system that was opened. Everywhere,
 * `check()` compares device and inode of the root's path with those at the opening, before each rename; what
 * that alone leaves is the instant between the check and the rename, in which at most a rename from `tmp/` to
 * the final path could happen on the wrong side — and it fails there, for the temporary lies on the other.
 */
export interface Root {
  /** the folder through which everything is reached */
  readonly path: string;
  /** the marker this session read or wrote, once it has */
  markerId: string | null;
  /** Throws `target_gone` or `wrong_target` when something else stands at the path by now. */
  check(): Promise<void>;
  access(): Promise<{ exists: boolean; writable: boolean }>;
  /** Whether a link somewhere below leads to somewhere below. */
  contains(relative: string): Promise<boolean>;
}

export async function openRoot(given: string): Promise<Root> {
  const opened = await on('root', given, async () => {
    const fd = await open(given, constants.O_RDONLY | constants.O_DIRECTORY);
    const { dev, ino } = await stat(given, { bigint: true });
    return { fd, dev, ino };
  });
  const isSame = (found: { dev: bigint; ino: bigint }) =>
    found.dev === opened.dev && found.ino === opened.ino;

  const root: Root = {
    path: await heldPath(given, opened.fd, isSame),
    markerId: null,

    async check() {
      const found = await stat(given, { bigint: true }).catch((error: unknown) => {
        if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return null;
        throw faultOf(error, 'root', given);
      });
      if (found && isSame(found)) return;
      throw await whatStandsThere(given, root.markerId);
    },

    async access() {
      try {
        await access(given, constants.F_OK);
        await access(given, constants.W_OK | constants.X_OK);
        return { exists: true, writable: true };
      } catch (error) {
        return { exists: !['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? ''), writable: false };
      }
    },

    async contains(relative) {
      const [whole, part] = await Promise.all([realpath(given), realpath(`${given}/${relative}`)]);
      return part.startsWith(whole.endsWith('/') ? whole : `${whole}/`);
    },
  };
  return root;
}

/** `/proc/self/fd/N` where that leads to the very folder, else the path as given. */
async function heldPath(
  given: string,
  fd: number,
  isSame: (found: { dev: bigint; ino: bigint }) => boolean,
): Promise<string> {
  const held = `/proc/self/fd/${fd}`;
  const found = await stat(`${held}/`, { bigint: true }).catch(() => null);
  return found && isSame(found) ? held : given;
}

async function whatStandsThere(given: string, markerId: string | null): Promise<SyncTargetError> {
  const text = await readFile(`${given}/${MARKER_PATH}`, 'utf8').catch(() => null);
  const marker = text === null ? null : parseMarker(text);
  if (!marker || marker.target_id === markerId) {
    return new SyncTargetError('target_gone', { detail: 'another folder stands at the path' });
  }
  return new SyncTargetError('wrong_target', { params: { name: marker.name } });
}
