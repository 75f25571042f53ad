import type { Database, Transaction } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import { documentNotFound } from '../../http/http.errors.ts';
import type { SessionUser } from '../../http/request.ts';
import type { DocumentAnswer } from './documents.schemas.ts';
import { documentEtag } from './etag.ts';
import { filedPath } from './filing.ts';
import { visibleTo } from './visibility.ts';

type Client = Database | Transaction;

export interface DocumentRow {
  id: number;
  title: string;
  filed_month: Date;
  filed_name: string;
  folder: string;
  original_filename: string;
  /** a bigint where Prisma read it */
  file_size: bigint | string;
  mime_type: string;
  document_type_id: number;
  document_type_code: string;
  document_type_label: string;
  correspondent_id: number | null;
  correspondent_name: string | null;
  document_date: Date | null;
  amount: number | null;
  currency: string;
  created_at: Date;
  updated_at: Date;
  asn: number | null;
  owner_id: number;
  owner_name: string;
  sha256: string;
  version: number;
  revision: number;
  validation_status: DocumentAnswer['validation_status'];
  text_status: DocumentAnswer['text_status'];
  trashed_at: Date | null;
  tags: DocumentAnswer['tags'];
}

/** What an answer shows of the documents `d`, but for their tags. A double holds every amount of 14 digits exactly. */
export const ownColumns = Prisma.sql`
  d.id, d.title, d.filed_month, d.filed_name, t.folder, v.original_filename, v.file_size, v.mime_type,
  d.document_type_id, t.code AS document_type_code, t.label AS document_type_label,
  d.correspondent_id, c.name AS correspondent_name, d.document_date, d.amount::float8 AS amount, d.currency,
  d.created_at, d.updated_at, d.asn, d.owner_id, u.display_name AS owner_name, d.sha256, d.version, d.revision,
  d.validation_status, d.text_status, d.trashed_at`;

/** Everything an answer shows of the documents `d`. */
export const columns = Prisma.sql`${ownColumns},
  coalesce((
    SELECT json_agg(json_build_object('id', g.id, 'name', g.name, 'color', g.color) ORDER BY g.name, g.id)
    FROM document_tags dt JOIN tags g ON g.id = dt.tag_id WHERE dt.document_id = d.id), '[]') AS tags`;

/** What `columns` are read from, beside the rows `d`: each has exactly one row in all of these. */
export const joins = Prisma.sql`
  JOIN document_versions v ON v.document_id = d.id AND v.number = d.version
  JOIN document_types t ON t.id = d.document_type_id
  JOIN users u ON u.id = d.owner_id
  LEFT JOIN correspondents c ON c.id = d.correspondent_id`;

/** A document and its validator, as it is answered. */
export interface ShownDocument {
  document: DocumentAnswer;
  etag: string;
}

export function toAnswer(row: DocumentRow): DocumentAnswer {
  return {
    id: row.id,
    title: row.title,
    filename: row.filed_name,
    original_filename: row.original_filename,
    file_path: filedPath({ filedMonth: row.filed_month, folder: row.folder, filedName: row.filed_name }),
    file_size: Number(row.file_size),
    mime_type: row.mime_type,
    document_type_id: row.document_type_id,
    document_type_code: row.document_type_code,
    document_type_label: row.document_type_label,
    correspondent_id: row.correspondent_id,
    correspondent_name: row.correspondent_name,
    document_date: row.document_date?.toISOString().slice(0, 10) ?? null,
    amount: row.amount,
    currency: row.currency,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    asn: row.asn,
    owner_id: row.owner_id,
    owner_name: row.owner_name,
    sha256: row.sha256,
    version: row.version,
    validation_status: row.validation_status,
    text_status: row.text_status,
    trashed_at: row.trashed_at?.toISOString() ?? null,
    tags: row.tags,
  };
}

export async function findDocument(client: Client, id: number): Promise<ShownDocument | null> {
  const [row] = await client.$queryRaw<
    DocumentRow[]
  >`SELECT ${columns} FROM documents d ${joins} WHERE d.id = ${id}`;
  return row ? { document: toAnswer(row), etag: documentEtag(row) } : null;
}

/** The document as it is after a change in the same transaction. */
export async function readBack(tx: Transaction, id: number): Promise<ShownDocument> {
  const shown = await findDocument(tx, id);
  if (!shown) throw documentNotFound();
  return shown;
}

/** The document that already holds these bytes, among those the user may see: their own first. */
export async function findDuplicate(
  client: Client,
  { user, sha256 }: { user: SessionUser; sha256: string },
): Promise<{ id: number; trashed: boolean } | null> {
  const [row] = await client.$queryRaw<{ id: number; trashed: boolean }[]>`
    SELECT d.id, d.trashed_at IS NOT NULL AS trashed
    FROM document_versions v JOIN documents d ON d.id = v.document_id AND d.version = v.number
    WHERE v.sha256 = ${sha256}::char(64) AND ${visibleTo(user)}
    ORDER BY d.owner_id = ${user.id} DESC, d.trashed_at NULLS FIRST, d.id LIMIT 1`;
  return row ?? null;
}

export interface StoredVersion {
  sha256: string;
  size: number;
  mimeType: string;
  originalFilename: string;
}

/** The bytes of one version of a document, the current one where none is named. */
export async function findVersion(
  client: Client,
  { documentId, version }: { documentId: number; version?: number | undefined },
): Promise<StoredVersion | null> {
  const number = version === undefined ? Prisma.sql`d.version` : Prisma.sql`${version}`;
  const [row] = await client.$queryRaw<
    { sha256: string; file_size: bigint; mime_type: string; original_filename: string }[]
  >`
    SELECT v.sha256, v.file_size, v.mime_type, v.original_filename
    FROM documents d JOIN document_versions v ON v.document_id = d.id AND v.number = ${number}
    WHERE d.id = ${documentId}`;
  if (!row) return null;
  return {
    sha256: row.sha256,
    size: Number(row.file_size),
    mimeType: row.mime_type,
    originalFilename: row.original_filename,
  };
}
