import { staleVersion } from './documents.errors.ts';

/** The validator of a document's answer: another with every change of its row. */
export function documentEtag({ id, revision }: { id: number; revision: number }): string {
  return `"${id}-${revision}"`;
}

const listed = (header: string) => header.split(',').map((part) => part.trim());

/** Throws 412 unless `If-Match` is absent, `*`, or names this validator (RFC 9110 §13.1.1: strongly). */
export function checkIfMatch(header: string | undefined, etag: string): void {
  if (header === undefined || header.trim() === '*' || listed(header).includes(etag)) return;
  throw staleVersion();
}

/** Whether the reader has this already (RFC 9110 §13.1.2: weakly). */
export function matchesIfNoneMatch(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || listed(header).some((part) => part.replace(/^W\//, '') === etag);
}
