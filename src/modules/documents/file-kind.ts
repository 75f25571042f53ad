import { fileTypeFromBuffer } from 'file-type';
import mime from 'mime-types';

export interface FileKind {
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

/** UTF-8 with no NUL; a character that the end of the head cuts in two is none of its faults. */
function isText(head: Buffer, whole: boolean): boolean {
  if (head.includes(0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: !whole });
    return true;
  } catch {
    return false;
  }
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
  if (!isText(file.head, file.size === file.head.length)) return binary;
  return { mimeType: named && isTextual(named) ? named : 'text/plain', hasText: true };
}
