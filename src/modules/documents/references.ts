import type { Transaction } from '../../database/client.ts';
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
  const documentType = await tx.documentType.findUnique({
    where: named.documentTypeId === null ? { code: 'other' } : { id: named.documentTypeId },
    select: { id: true, folder: true },
  });
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
