import { SyncTargetError, type TargetFaultCode } from '../../sync.errors.ts';

type Codes = Record<string, TargetFaultCode>;

/** The mount itself no longer answers as it should. */
const gone: Codes = {
  EIO: 'target_gone',
  ENODEV: 'target_gone',
  ENXIO: 'target_gone',
  ENOTCONN: 'target_gone',
  ESTALE: 'target_gone',
  EHOSTDOWN: 'target_gone',
  EHOSTUNREACH: 'target_gone',
  ECONNABORTED: 'target_gone',
  ECONNRESET: 'target_gone',
  ESHUTDOWN: 'target_gone',
  ETIMEDOUT: 'target_gone',
};

const room: Codes = { ENOSPC: 'disk_full', EDQUOT: 'disk_full', EROFS: 'read_only', EFBIG: 'too_large' };

const onDocuments: Codes = {
  ...gone,
  ...room,
  ENOENT: 'file_missing',
  EACCES: 'permission_denied',
  EPERM: 'permission_denied',
  ENAMETOOLONG: 'name_refused',
  EINVAL: 'name_refused',
  EILSEQ: 'name_refused',
  EISDIR: 'path_conflict',
  ENOTDIR: 'path_conflict',
  EEXIST: 'path_conflict',
  ENOTEMPTY: 'path_conflict',
  ELOOP: 'path_refused',
  EBUSY: 'file_busy',
  ETXTBSY: 'file_busy',
};

/** The server's own folder: what stands in the way there stands in the way of every document. */
const onOwnFolder: Codes = { ...gone, ...room, EACCES: 'target_permission', EPERM: 'target_permission' };

const onRoot: Codes = {
  ...onOwnFolder,
  ENOENT: 'path_missing',
  ENOTDIR: 'path_missing',
  ELOOP: 'path_missing',
};

const onSource: Codes = { ENOENT: 'source_missing', ENOTDIR: 'source_missing' };

const tables = {
  document: { codes: onDocuments, other: 'failed' },
  own: { codes: onOwnFolder, other: 'failed' },
  root: { codes: onRoot, other: 'unreachable' },
  source: { codes: onSource, other: 'source_unreadable' },
  local: { codes: {}, other: 'local_write_failed' },
} satisfies Record<string, { codes: Codes; other: TargetFaultCode }>;

export type Side = keyof typeof tables;

/** The system's error as the contract names it. `what` is a relative path or a few words, for the log. */
export function faultOf(error: unknown, side: Side, what: string): SyncTargetError {
  if (error instanceof SyncTargetError) return error;
  const errno = errnoOf(error);
  const table: { codes: Codes; other: TargetFaultCode } = tables[side];
  const detail = `${errno ?? (error instanceof Error ? error.message : 'error')}: ${JSON.stringify(what)}`;
  return new SyncTargetError((errno && table.codes[errno]) || table.other, {
    detail,
    params: side === 'root' ? { path: what } : {},
  });
}

/** Runs it, and names the system's error as the contract does. */
export async function on<T>(side: Side, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw faultOf(error, side, what);
  }
}

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Runs it, and gives `otherwise` where the system answers one of these. */
export async function unless<T, U>(errnos: string[], otherwise: U, work: () => Promise<T>): Promise<T | U> {
  try {
    return await work();
  } catch (error) {
    if (errnos.includes(errnoOf(error) ?? '')) return otherwise;
    throw error;
  }
}
