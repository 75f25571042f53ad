import { fileTypeFromBuffer } from 'file-type';
import mime from 'mime-types';

export interface FileKind {
  /** with a `charset` where it is text/… and not written in UTF-8 */
  mimeType: string;
  /** whether there is text to take out: plain text of any sort, or a PDF */
  hasText: boolean;
}

const binary: FileKind = { mimeType: 'application/octet-stream', hasText: false };

function isTextual(mimeType: string): boolean {
  return (
    mimeType.startsWith('text/') ||
    mime.charset(mimeType) === 'UTF-8' ||
    /[/+](xml|json)$/.test(mimeType) ||
    mimeType === 'message/rfc822'
  );
}

/** What no text has: control characters, but for those that lay it out. */
const unprintable = /[^\P{Cc}\t\n\f\r\u0085]/u;

/** What bytes say in an encoding, or null; a character that the end of the head cuts in two is none of its faults. */
function decode(head: Buffer, encoding: string, whole: boolean): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(head, { stream: !whole });
  } catch {
    return null;
  }
}

/**
 * How a text is written, or null where it is none: UTF-16 says so itself, UTF-8 is hardly ever met by chance. Any
 * bytes are windows-1252, so the name must say `isNamedText`, and nothing unprintable may be in it.
 */
function encodingOf(
  head: Buffer,
  { whole, isNamedText }: { whole: boolean; isNamedText: boolean },
): 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252' | null {
  const reads = (encoding: string) => {
    const text = decode(head, encoding, whole);
    return text !== null && !unprintable.test(text);
  };
  const mark = head.subarray(0, 2).toString('hex');
  if (mark === 'fffe' && reads('utf-16le')) return 'utf-16le';
  if (mark === 'feff' && reads('utf-16be')) return 'utf-16be';
  if (head.includes(0)) return null;
  if (decode(head, 'utf-8', whole) !== null) return 'utf-8';
  return isNamedText && reads('windows-1252') ? 'windows-1252' : null;
}

/** Office files are containers of a known sort; only their name says which. */
function refine(container: string, named: string | false): string {
  if (!named) return container;
  const zipped =
    container === 'application/zip' && /^application\/vnd\.(openxmlformats|oasis|ms-)/.test(named);
  const compound = container === 'application/x-cfb' && /^application\/(msword|vnd\.ms-)/.test(named);
  return zipped || compound ? named : container;
}

/**
 * What a file is by its first bytes, whatever its name claims; the name decides only among the kinds of text
 * and of office files. What is broken or unknown is `application/octet-stream`. Never throws.
 */
export async function recogniseFile(file: {
  head: Buffer;
  size: number;
  filename: string;
}): Promise<FileKind> {
  if (file.size === 0) return binary;
  const named = mime.lookup(file.filename);
  const found = await fileTypeFromBuffer(file.head).catch(() => undefined);
  if (found) {
    const mimeType = refine(found.mime, named);
    return { mimeType, hasText: mimeType === 'application/pdf' || isTextual(mimeType) };
  }
  const isNamedText = named !== false && isTextual(named);
  const encoding = encodingOf(file.head, { whole: file.size === file.head.length, isNamedText });
  if (!encoding) return binary;
  const mimeType = isNamedText ? named : 'text/plain';
  const tellsHow = encoding !== 'utf-8' && mimeType.startsWith('text/');
  return { mimeType: tellsHow ? `${mimeType}; charset=${encoding}` : mimeType, hasText: true };
}
