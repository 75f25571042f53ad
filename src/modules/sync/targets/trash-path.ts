import { extname } from 'node:path/posix';
import { TRASH_FOLDER } from './safe-path.ts';

/** bytes of UTF-8; what file systems take at most for one name */
const MAX_NAME = 255;
/** bytes; anything longer after the last dot is no extension */
const MAX_EXTENSION = 32;

/**
 * Where what stands at `path` is thrown away: `.classeur/trash/<YYYY-MM-DD>/<path>`, the day in UTC. The second
 * and later tries, as nothing in the trash is ever overwritten, bear their number before the extension:
 * `contrat-2.txt`. A name that would grow too long by it is cut before the number.
 */
export function trashPath(path: string, { on, nth }: { on: Date; nth: number }): string {
  const thrown = `${TRASH_FOLDER}/${on.toISOString().slice(0, 10)}/${path}`;
  if (nth === 1) return thrown;
  const name = thrown.slice(thrown.lastIndexOf('/') + 1);
  const dotted = extname(name);
  const extension = Buffer.byteLength(dotted) > MAX_EXTENSION ? '' : dotted;
  const end = `-${nth}${extension}`;
  const stem = name.slice(0, name.length - extension.length);
  return thrown.slice(0, -name.length) + cut(stem, MAX_NAME - Buffer.byteLength(end)) + end;
}

/** The first whole characters that fit into so many bytes. */
function cut(text: string, bytes: number): string {
  let kept = text;
  while (Buffer.byteLength(kept) > bytes) kept = [...kept].slice(0, -1).join('');
  return kept;
}
