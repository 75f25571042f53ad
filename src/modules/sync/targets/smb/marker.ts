import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm } from 'node:fs/promises';
import { SyncTargetError } from '../../sync.errors.ts';
import type { Marker } from '../../sync-target.ts';
import { MARKER_PATH, OWN_FOLDER, TEMP_FOLDER } from '../safe-path.ts';
import { parseMarker } from '../target-marker.ts';
import { errnoOf, on, unless } from './faults.ts';
import type { Folders } from './folders.ts';
import { fsync, withFile, writeFull } from './fs.ts';
import type { Root } from './root.ts';

export function createMarkerFile({ root, folders }: { root: Root; folders: Folders }) {
  const final = folders.at(MARKER_PATH);

  async function read(): Promise<Marker | null> {
    if (!(await folders.exists(OWN_FOLDER))) return null;
    const text = await on('own', MARKER_PATH, () =>
      unless(['ENOENT'], null, () => readFile(final, { encoding: 'utf8' })),
    );
    if (text === null) return null;
    const marker = parseMarker(text);
    if (!marker) throw new SyncTargetError('marker_unreadable');
    root.markerId = marker.target_id;
    return marker;
  }

  async function write(marker: Marker, adopt: boolean): Promise<void> {
    if (!adopt && refuseAnother(await read(), marker)) return;
    await folders.ensure(TEMP_FOLDER);
    const temp = folders.at(`${TEMP_FOLDER}/marker-${randomUUID()}`);
    try {
      await on('own', MARKER_PATH, async () => {
        await withFile(temp, 'wx', async (fd) => {
          await writeFull(fd, Buffer.from(`${JSON.stringify(marker, null, 2)}\n`));
          await fsync(fd);
        });
        await root.check();
        if (adopt) await rename(temp, final);
        else await putUnlessThere(temp, final);
      });
    } finally {
      await rm(temp, { force: true }).catch(() => {});
    }
    await folders.sync(OWN_FOLDER);
    const written = await read();
    if (!written || !refuseAnother(written, marker)) throw new SyncTargetError('target_gone');
  }

  return { read, write };
}

/** Whether ours stands there already; throws `wrong_target` where another's does. */
function refuseAnother(found: Marker | null, ours: Marker): boolean {
  if (!found) return false;
  if (found.target_id === ours.target_id) return true;
  throw new SyncTargetError('wrong_target', { params: { name: found.name } });
}

/** Two servers may mark the same folder at once: a link, where there are links, lets the first one win. */
async function putUnlessThere(temp: string, final: string): Promise<void> {
  try {
    await link(temp, final);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    if (['EIO', 'ENOSPC', 'EROFS', 'EACCES'].includes(errnoOf(error) ?? '')) throw error;
    await rename(temp, final);
  }
}
