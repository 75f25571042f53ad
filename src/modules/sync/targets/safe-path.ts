import { SyncTargetError } from '../sync.errors.ts';

/** Where the server keeps its own things on a target. */
export const OWN_FOLDER = '.classeur';
export const TEMP_FOLDER = `${OWN_FOLDER}/tmp`;
export const TRASH_FOLDER = `${OWN_FOLDER}/trash`;
export const MARKER_PATH = `${OWN_FOLDER}/target.json`;

/** Throws `path_refused` unless this is a path that the contract allows to be touched (sync-target.ts). */
export function assertSafePath(path: string): void {
  const parts = path.split('/');
  const unsafe =
    path.includes('\0') || parts.some((part) => part === '' || part === '.' || part === '..') || isOwn(parts);
  if (unsafe) throw new SyncTargetError('path_refused', { detail: JSON.stringify(path) });
}

/** A file system that ignores case would take `.Classeur` for `.classeur`. */
function isOwn([first = '', second = '', ...rest]: string[]): boolean {
  if (first.toLowerCase() !== OWN_FOLDER) return false;
  return `${first}/${second}` !== TRASH_FOLDER || rest.length === 0;
}
