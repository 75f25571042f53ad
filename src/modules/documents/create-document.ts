import type { Transaction } from '../../database/client.ts';
import type { SessionUser } from '../../http/request.ts';
import type { Received } from '../../storage/content-store.ts';
import { holdLabels, readLineage, withAncestors } from '../tags/tag-tree.ts';
import { duplicateDocument, duplicateInTrash } from './documents.errors.ts';
import { findDuplicate, readBack, type ShownDocument } from './documents.queries.ts';
import type { CreateFields } from './documents.schemas.ts';
import type { DocumentsContext } from './documents-context.ts';
import { recogniseFile } from './file-kind.ts';
import { chooseFiledName } from './filed-name.ts';
import { filedMonthOf, safeName } from './filing.ts';
import { claimKey, fingerprintOf, keepAnswer } from './idempotency.ts';
import { findReferences } from './references.ts';
import { transact } from './transact.ts';

export interface CreateInput {
  user: SessionUser;
  received: Received;
  originalFilename: string;
  fields: CreateFields;
  idempotencyKey?: string | undefined;
}

/** The title of a document that was given none: its original name without the extension. */
function titleFrom(originalFilename: string): string {
  const name = originalFilename.normalize('NFC').trim();
  const stem = name.replace(/\.[\p{L}\p{N}]{1,20}$/u, '').trim() || name;
  return (
    stem
      .slice(0, 255)
      .toWellFormed()
      .replace(/\ufffd$/, '') || 'document'
  );
}

/** Throws `documents.duplicate`, with the id, when a document that the user may see holds these bytes. */
export async function refuseDuplicate(
  tx: Transaction,
  o: { user: SessionUser; sha256: string },
): Promise<void> {
  const duplicate = await findDuplicate(tx, o);
  if (!duplicate) return;
  const { id, trashed } = duplicate;
  throw (trashed ? duplicateInTrash : duplicateDocument)({
    params: { document_id: id },
    body: { document_id: id, ...(trashed && { trashed }) },
  });
}

/**
 * Makes a document of bytes that have arrived (contract §4, Create). When it returns, bytes and row are
 * durable; when it throws, the bytes are gone again. `replayed`: the key's first use has answered this already.
 */
export async function createDocument(
  context: DocumentsContext,
  input: CreateInput,
): Promise<ShownDocument & { replayed: boolean }> {
  const { user, received, idempotencyKey: key } = input;
  try {
    const fingerprint = fingerprintOf({
      sha256: received.sha256,
      name: input.originalFilename,
      fields: input.fields,
    });
    const kind = await recogniseFile({
      head: received.head,
      size: received.size,
      filename: input.originalFilename,
    });
    const result = await transact(context.db, async (tx) => {
      const now = context.now();
      const known = key === undefined ? null : await claimKey(tx, { userId: user.id, key, fingerprint, now });
      if (known) return { ...known, replayed: true };

      await refuseDuplicate(tx, { user, sha256: received.sha256 });
      const id = await insertDocument(tx, { input, kind, now });
      await context.onText(tx, { documentId: id });
      if (kind.hasText) await context.onBytes(tx, { documentId: id, version: 1 });
      await context.onSubject(tx, { documentId: id, userId: user.id });
      await context.onFiled(tx, { documentIds: [id] });
      const shown = await readBack(tx, id);
      if (key !== undefined) await keepAnswer(tx, { userId: user.id, key, answer: shown });
      await received.commit(tx);
      return { ...shown, replayed: false };
    });
    if (result.replayed) await received.discard();
    return result;
  } catch (error) {
    await received
      .discard()
      .catch((fault) => context.log.error({ err: fault }, 'bytes of a refused upload stay'));
    throw error;
  }
}

async function insertDocument(
  tx: Transaction,
  { input, kind, now }: { input: CreateInput; kind: Awaited<ReturnType<typeof recogniseFile>>; now: Date },
): Promise<number> {
  const { user, received, originalFilename, fields } = input;
  await holdLabels(tx);
  // Who has a child has its ancestors.
  const tagIds = withAncestors(await readLineage(tx, fields.tags ?? []), fields.tags ?? []);
  const { documentType } = await findReferences(tx, {
    documentTypeId: fields.document_type_id ?? null,
    correspondentId: fields.correspondent_id ?? null,
    tagIds,
  });
  const documentDate = fields.document_date ? new Date(fields.document_date) : null;
  const filedMonth = filedMonthOf({ documentDate, createdAt: now });
  const [next] = await tx.$queryRaw<
    { id: number }[]
  >`SELECT nextval(pg_get_serial_sequence('documents', 'id'))::int AS id`;
  const id = next?.id ?? 0;
  const place = await chooseFiledName(tx, {
    documentId: id,
    filedMonth,
    folder: documentType.folder,
    wanted: [],
    name: safeName(originalFilename),
  });
  await tx.document.create({
    data: {
      id,
      ownerId: user.id,
      title: fields.title ?? titleFrom(originalFilename),
      documentTypeId: documentType.id,
      correspondentId: fields.correspondent_id ?? null,
      documentDate,
      amount: fields.amount?.toFixed(2) ?? null,
      ...(fields.currency && { currency: fields.currency }),
      asn: fields.asn ?? null,
      sha256: received.sha256,
      filedMonth,
      ...place,
      textStatus: kind.hasText ? 'pending' : 'none',
      createdAt: now,
      updatedAt: now,
    },
    select: { id: true },
  });
  await tx.documentVersion.create({
    data: {
      documentId: id,
      number: 1,
      sha256: received.sha256,
      fileSize: received.size,
      mimeType: kind.mimeType,
      originalFilename,
      createdById: user.id,
      createdAt: now,
    },
    select: { number: true },
  });
  if (tagIds.length > 0)
    await tx.documentTag.createMany({
      data: tagIds.map((tagId) => ({
        documentId: id,
        tagId,
        named: fields.tags?.includes(tagId) ?? true,
      })),
    });
  return id;
}
