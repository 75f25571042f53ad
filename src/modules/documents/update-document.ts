import { isDeepStrictEqual } from 'node:util';
import type { Transaction } from '../../database/client.ts';
import { documentNotFound } from '../../http/http.errors.ts';
import type { SessionUser } from '../../http/request.ts';
import type { Received } from '../../storage/content-store.ts';
import { type HeldTag, holdLabels, readLineage, settleTags } from '../tags/tag-tree.ts';
import { refuseDuplicate } from './create-document.ts';
import { inTrash } from './documents.errors.ts';
import { findDocument, readBack, type ShownDocument } from './documents.queries.ts';
import type { DocumentAnswer, UpdateFields } from './documents.schemas.ts';
import type { DocumentsContext } from './documents-context.ts';
import { checkIfMatch } from './etag.ts';
import { recogniseFile } from './file-kind.ts';
import { chooseFiledName } from './filed-name.ts';
import { filedMonthOf, safeName } from './filing.ts';
import { findReferences } from './references.ts';
import { transact } from './transact.ts';
import { mayStillChange } from './visibility.ts';

export interface ChangeTarget {
  id: number;
  /** the header as it came */
  ifMatch?: string | undefined;
}

/**
 * The document as it is, locked until the transaction ends. Throws 404 when it is gone and 412 when `If-Match`
 * names another state of it.
 */
export async function lockDocument(tx: Transaction, { id, ifMatch }: ChangeTarget): Promise<ShownDocument> {
  await tx.$executeRaw`SELECT 1 FROM documents WHERE id = ${id} FOR UPDATE`;
  const shown = await findDocument(tx, id);
  if (!shown) throw documentNotFound();
  checkIfMatch(ifMatch, shown.etag);
  return shown;
}

type Editable = Pick<
  DocumentAnswer,
  'title' | 'document_type_id' | 'correspondent_id' | 'document_date' | 'amount' | 'currency' | 'asn'
>;

function pick({
  title,
  document_type_id,
  correspondent_id,
  document_date,
  amount,
  currency,
  asn,
}: Editable): Editable {
  return { title, document_type_id, correspondent_id, document_date, amount, currency, asn };
}

/** A field that was not given is not a field that is to be emptied. */
function withoutUndefined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function sameIds(one: number[], other: number[]): boolean {
  return one.length === other.length && one.every((id) => other.includes(id));
}

/**
 * Changes what is said of a document (`PUT /documents/{id}`). A change that changes nothing leaves the
 * validator as it was. Where its month or folder changes, the targets follow. `settleTags` says what a list of
 * tags means for those above and below them.
 */
export async function updateDocument(
  context: DocumentsContext,
  { user, fields, ...target }: ChangeTarget & { user: SessionUser; fields: UpdateFields },
): Promise<ShownDocument> {
  return transact(context.db, async (tx) => {
    if (fields.tags) await holdLabels(tx);
    const shown = await lockDocument(tx, target);
    const { document } = shown;
    if (document.trashed_at) throw inTrash();

    const tagIds = document.tags.map((tag) => tag.id);
    const current = { ...pick(document), tags: tagIds };
    const next: typeof current = { ...current, ...withoutUndefined(fields) };
    if (fields.tags) {
      const lineage = await readLineage(tx, [...tagIds, ...fields.tags]);
      const before = await tx.$queryRaw<HeldTag[]>`
        SELECT tag_id AS id, named FROM document_tags WHERE document_id = ${document.id}`;
      next.tags = settleTags({ lineage, before, wanted: fields.tags });
      await tx.$executeRaw`
        UPDATE document_tags SET named = NOT named
        WHERE document_id = ${document.id} AND named <> (tag_id = ANY(${fields.tags}::int[]))`;
    }
    const tagsChanged = !sameIds(next.tags, tagIds);
    if (!tagsChanged && isDeepStrictEqual(pick(next), pick(document))) return shown;

    const { documentType } = await findReferences(tx, {
      documentTypeId: next.document_type_id,
      correspondentId: next.correspondent_id,
      tagIds: next.tags,
    });
    const moves =
      next.document_date !== document.document_date || next.document_type_id !== document.document_type_id;
    const documentDate = next.document_date === null ? null : new Date(next.document_date);
    const filedMonth = filedMonthOf({ documentDate, createdAt: new Date(document.created_at) });
    const place = moves && {
      filedMonth,
      ...(await chooseFiledName(tx, {
        documentId: document.id,
        filedMonth,
        folder: documentType.folder,
        wanted: [document.filename],
        name: safeName(document.original_filename),
      })),
    };
    await tx.document.update({
      where: { id: document.id },
      data: {
        title: next.title,
        documentTypeId: documentType.id,
        correspondentId: next.correspondent_id,
        ...(next.correspondent_id !== document.correspondent_id && { correspondentOrigin: 'hand' }),
        documentDate,
        amount: next.amount?.toFixed(2) ?? null,
        currency: next.currency,
        asn: next.asn,
        ...place,
        revision: { increment: 1 },
        updatedAt: context.now(),
      },
      select: { id: true },
    });
    if (tagsChanged) {
      await tx.documentTag.deleteMany({ where: { documentId: document.id, tagId: { notIn: next.tags } } });
      // who gave what stays is still who gave it
      await tx.documentTag.createMany({
        data: next.tags
          .filter((tagId) => !tagIds.includes(tagId))
          .map((tagId) => ({
            documentId: document.id,
            tagId,
            named: fields.tags?.includes(tagId) ?? true,
          })),
      });
    }
    const subjectChanged =
      next.amount !== document.amount ||
      next.currency !== document.currency ||
      next.document_type_id !== document.document_type_id;
    if (subjectChanged) await context.onSubject(tx, { documentId: document.id, userId: user.id });
    const after = await readBack(tx, document.id);
    if (after.document.file_path !== document.file_path)
      await context.onFiled(tx, { documentIds: [document.id] });
    return after;
  });
}

/**
 * Stores bytes that have arrived as the next version of a document (`PUT /documents/{id}/file`); the name it
 * is filed under follows the new file's. When it throws, the bytes are gone again.
 */
export async function replaceFile(
  context: DocumentsContext,
  o: ChangeTarget & { user: SessionUser; received: Received; originalFilename: string },
): Promise<ShownDocument> {
  const { received, originalFilename } = o;
  try {
    const kind = await recogniseFile({
      head: received.head,
      size: received.size,
      filename: originalFilename,
    });
    return await transact(context.db, async (tx) => {
      await holdLabels(tx);
      const { document } = await lockDocument(tx, o);
      // Who sends bytes slowly enough keeps nothing that was taken from them meanwhile.
      if (!(await mayStillChange(tx, { userId: o.user.id, documentId: o.id }))) throw documentNotFound();
      if (document.trashed_at) throw inTrash();
      await refuseDuplicate(tx, { user: o.user, sha256: received.sha256 });
      const { documentType } = await findReferences(tx, {
        documentTypeId: document.document_type_id,
        correspondentId: null,
        tagIds: [],
      });

      const now = context.now();
      const number = document.version + 1;
      const name = safeName(originalFilename);
      const documentDate = document.document_date === null ? null : new Date(document.document_date);
      const filedMonth = filedMonthOf({ documentDate, createdAt: new Date(document.created_at) });
      const place = await chooseFiledName(tx, {
        documentId: document.id,
        filedMonth,
        folder: documentType.folder,
        wanted: name === safeName(document.original_filename) ? [document.filename] : [],
        name,
      });
      await tx.documentVersion.create({
        data: {
          documentId: document.id,
          number,
          sha256: received.sha256,
          fileSize: received.size,
          mimeType: kind.mimeType,
          originalFilename,
          createdById: o.user.id,
          createdAt: now,
        },
        select: { number: true },
      });
      await tx.document.update({
        where: { id: document.id },
        data: {
          version: number,
          sha256: received.sha256,
          filedMonth,
          ...place,
          textStatus: kind.hasText ? 'pending' : 'none',
          revision: { increment: 1 },
          updatedAt: now,
        },
        select: { id: true },
      });
      await context.onText(tx, { documentId: document.id });
      if (kind.hasText) await context.onBytes(tx, { documentId: document.id, version: number });
      await context.onSubject(tx, { documentId: document.id, userId: o.user.id });
      await context.onFiled(tx, { documentIds: [document.id] });
      const after = await readBack(tx, document.id);
      await received.commit(tx);
      return after;
    });
  } catch (error) {
    await received
      .discard()
      .catch((fault) => context.log.error({ err: fault }, 'bytes of a refused upload stay'));
    throw error;
  }
}
