import type { Transaction } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import type { Text } from '../../errors.ts';
import { invalidRequest } from '../../http/http.errors.ts';
import { fieldErrors } from './documents.errors.ts';

interface Named {
  /** null: the type `other` */
  documentTypeId: number | null;
  correspondentId: number | null;
  tagIds: number[];
}

/** The rows that a document is about to name. Throws a 400 with each field that names none. */
export async function findReferences(
  tx: Transaction,
  named: Named,
): Promise<{ documentType: { id: number; folder: string } }> {
  const fields: Record<string, Text[]> = {};
  const wanted =
    named.documentTypeId === null ? Prisma.sql`code = 'other'` : Prisma.sql`id = ${named.documentTypeId}`;
  // Held until the commit: a type whose folder changes waits for the documents that are being filed there.
  const [documentType] = await tx.$queryRaw<{ id: number; folder: string }[]>`
    SELECT id, folder FROM document_types WHERE ${wanted} FOR SHARE`;
  if (!documentType) fields.document_type_id = [fieldErrors.unknownType];
  if (
    named.correspondentId !== null &&
    (await tx.correspondent.count({ where: { id: named.correspondentId } })) === 0
  ) {
    fields.correspondent_id = [fieldErrors.unknownCorrespondent];
  }
  if (
    named.tagIds.length > 0 &&
    (await tx.tag.count({ where: { id: { in: named.tagIds } } })) < named.tagIds.length
  ) {
    fields.tags = [fieldErrors.unknownTag];
  }
  if (!documentType || Object.keys(fields).length > 0) throw invalidRequest({ fields });
  return { documentType };
}
