import { SyncTargetError } from '../sync.errors.ts';
import type { ListedFile, OutgoingFile, SyncSession, SyncTarget } from '../sync-target.ts';
import { flow } from './flow.ts';
import { startWorker, type WorkerClient } from './smb/client.ts';
import type { WireFile } from './smb/protocol.ts';

/** Enough that files always wait for a place in the worker, and folders are synced for several at once. */
const LOOK_AHEAD = 64;

export interface SmbTargetOptions {
  /** absolute path of the mounted share, or of a folder in it */
  path: string;
  /** ms without any progress after which the mount counts as hung; 15 s (contract §7) */
  deadlineMs?: number;
}

/**
 * A mounted folder (seed 001): an SMB/CIFS mount, or any other file system the machine has mounted there.
 * Each session does its work in a process of its own (smb/worker.ts).
 */
export function createSmbTarget({ path, deadlineMs = 15_000 }: SmbTargetOptions): SyncTarget {
  return {
    type: 'smb',
    capabilities: { proof: 'read-back', addressing: 'path', lookAhead: LOOK_AHEAD, maxObjectBytes: null },
    address: { host: 'SMB Mount', path },
    placeOf: (file) => `${path.replace(/\/+$/, '')}/${file}`,
    async open({ signal }) {
      if (path === '') throw new SyncTargetError('not_configured');
      if (signal.aborted) throw new SyncTargetError('cancelled');
      const worker = startWorker({ signal, deadlineMs });
      try {
        await worker.call('begin', { root: path });
        return createSession(worker);
      } catch (error) {
        await worker.close();
        throw error;
      }
    },
  };
}

function createSession(worker: WorkerClient): SyncSession {
  const { call, ended } = worker;
  return {
    readMarker: () => call('readMarker', null),
    async writeMarker(marker, { adopt = false } = {}) {
      await call('writeMarker', { marker, adopt });
    },
    access: () => call('access', null),

    async probe() {
      const started = performance.now();
      const { clockDriftMs, freeBytes, totalBytes } = await call('probe', null);
      const durationMs = Math.round(performance.now() - started);
      return { message: ACCESSIBLE, clockDriftMs, freeBytes, totalBytes, durationMs };
    },

    put: (files) =>
      flow({
        files,
        limit: LOOK_AHEAD,
        ended,
        async each(file) {
          const { sha256, size } = file;
          try {
            const { sentBytes } = await call('put', toWire(file));
            return { file, ok: true, proof: { how: 'read-back', sha256, size, sentBytes } };
          } catch (error) {
            return { file, ok: false, error: fileFault(error) };
          }
        },
      }),

    verify: (files) =>
      flow({
        files,
        limit: LOOK_AHEAD,
        ended,
        async each(file) {
          const { path, sha256, size } = file;
          try {
            return { file, state: await call('verify', { path, sha256, size }) };
          } catch (error) {
            return { file, state: 'unknown', error: fileFault(error) };
          }
        },
      }),

    async stat(path, { hash = false } = {}) {
      const held = await call('stat', { path, hash });
      return held && { path, ...held, modifiedAt: new Date(held.modifiedAt) };
    },
    list: (folder) => list(call, folder),
    get: (path, { to, sha256 = null }) => call('get', { path, to, sha256 }),
    async move(from, to) {
      await call('move', { from, to });
    },
    remove: (path) => call('remove', { path }),
    sweep: () => call('sweep', null),
    close: () => worker.close(),
  };
}

/** The sentence of seed 001. */
const ACCESSIBLE = {
  fr: 'Montage NAS accessible en lecture/écriture',
  en: 'NAS mount accessible for reading and writing',
};

function toWire({ modifiedAt, maybeHeld = false, replaces, ...file }: OutgoingFile): WireFile {
  const { path, sha256, size, source } = file;
  return {
    path,
    sha256,
    size,
    source,
    modifiedAt: modifiedAt?.getTime() ?? null,
    maybeHeld,
    replaces: replaces ?? null,
  };
}

/** A fault of this file is its result; any other ends the session, and is thrown on. */
function fileFault(error: unknown): SyncTargetError {
  if (error instanceof SyncTargetError && error.scope === 'file') return error;
  throw error;
}

async function* list(call: WorkerClient['call'], folder: string): AsyncGenerator<ListedFile> {
  const { folders, files } = await call('listFolder', { path: folder });
  const below = (name: string) => (folder === '' ? name : `${folder}/${name}`);
  for (const { name, size, modifiedAt } of files) {
    yield { path: below(name), size, modifiedAt: new Date(modifiedAt) };
  }
  for (const name of folders) yield* list(call, below(name));
}
