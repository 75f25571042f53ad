/**
 * Where a document lies on every target: `{year}/{month}/{type folder}/{name}` (contract §7, "What is on the
 * target"). Pure: text in, text out.
 */

/** The longest name most file systems and SMB and FTP servers take, in bytes of UTF-8. */
const maxNameBytes = 255;

/** What `suffixed` may add: `-` and an id, `-` and a try. Bytes. */
const suffixRoom = 16;

/** Invisible: bidirectional overrides, zero-width characters, byte order marks, fillers. */
const invisible = /[\p{Default_Ignorable_Code_Point}\u{FFF9}-\u{FFFB}]/gu;

/** What SMB or Windows cannot have in a name, and control characters. */
const reserved = /[<>:"/\\|?*\p{Cc}\p{Zl}\p{Zp}\u{FFFD}]/gu;

/** Names that are devices on Windows, whatever follows their first dot. */
const device = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\s*(\.|$)/i;

const extension = /\.[\p{L}\p{N}_~-]{1,20}$/u;

const trailing = /[\s.]+$/u;

/** The longest beginning of at most `bytes` bytes of UTF-8 that ends between two characters. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  let length = 0;
  let end = 0;
  for (const character of text) {
    length += Buffer.byteLength(character);
    if (length > bytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}

function split(name: string): { stem: string; ext: string } {
  const at = name.search(extension);
  return at > 0 ? { stem: name.slice(0, at), ext: name.slice(at) } : { stem: name, ext: '' };
}

/**
 * A name that every target takes and shows as it is: NFC, nothing reserved, hidden or invisible, no device
 * name, no dot or space at either end, and short enough for `suffixed`. Its own safe name is itself.
 */
export function safeName(originalFilename: string): string {
  const clean = originalFilename
    .toWellFormed()
    .replace(invisible, '')
    .normalize('NFC')
    .replace(reserved, '_')
    // A leading dot hides a file, and `.classeur…` names are the server's own on a target.
    .replace(/^[\s.]+/u, '')
    .replace(trailing, '');
  const name = device.test(clean) ? `_${clean}` : clean || 'document';
  const { stem, ext } = split(name);
  const short = cut(stem, maxNameBytes - suffixRoom - Buffer.byteLength(ext));
  return (short === stem ? stem : short.replace(trailing, '')) + ext;
}

/** The safe name as another document's neighbour: `stem-<id>.ext`, then `stem-<id>-2.ext`, `-3`, … */
export function suffixed(name: string, documentId: number, attempt: number): string {
  const { stem, ext } = split(name);
  return `${stem}-${documentId}${attempt > 1 ? `-${attempt}` : ''}${ext}`;
}

/**
 * What two names have in common when a target that knows no case takes them for one. Works on whole paths:
 * the key of a path is its segments' keys, joined.
 */
export function foldKey(text: string): string {
  // Lower, then upper: `ẞ` meets `ß` and `SS` only this way round.
  return text.normalize('NFC').toLowerCase().toUpperCase().normalize('NFC');
}

/**
 * The first day of the month a document is filed under, at midnight UTC as the database's dates are: the
 * month of its own date, else of its creation on the server's calendar.
 */
export function filedMonthOf({
  documentDate,
  createdAt,
}: {
  documentDate: Date | null;
  createdAt: Date;
}): Date {
  const [year, month] = documentDate
    ? [documentDate.getUTCFullYear(), documentDate.getUTCMonth()]
    : [createdAt.getFullYear(), createdAt.getMonth()];
  const first = new Date(0);
  // Not Date.UTC: it takes the years 0–99 for 1900–1999.
  first.setUTCFullYear(year, month, 1);
  return first;
}

/** `YYYY/MM/folder/name`, relative to the root of a target. */
export function filedPath({
  filedMonth,
  folder,
  filedName,
}: {
  filedMonth: Date;
  folder: string;
  filedName: string;
}): string {
  const year = String(filedMonth.getUTCFullYear()).padStart(4, '0');
  const month = String(filedMonth.getUTCMonth() + 1).padStart(2, '0');
  return `${year}/${month}/${folder}/${filedName}`;
}
