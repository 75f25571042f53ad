import type { Actor, SessionUser } from '../../http/request.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { readBack, type ShownDocument } from './documents.queries.ts';
import type { DocumentsContext } from './documents-context.ts';
import { transact } from './transact.ts';
import { type ChangeTarget, lockDocument } from './update-document.ts';

/** Moves a document to the trash; one that is there already stays as it is. */
export async function trashDocument(
  context: DocumentsContext,
  { user, ...target }: ChangeTarget & { user: SessionUser },
): Promise<ShownDocument> {
  return setTrash(context, target, { trashedAt: context.now(), trashedById: user.id });
}

/** Takes a document out of the trash; one that is not in it stays as it is. */
export async function restoreDocument(
  context: DocumentsContext,
  target: ChangeTarget,
): Promise<ShownDocument> {
  return setTrash(context, target, { trashedAt: null, trashedById: null });
}

async function setTrash(
  context: DocumentsContext,
  target: ChangeTarget,
  state: { trashedAt: Date | null; trashedById: number | null },
): Promise<ShownDocument> {
  return transact(context.db, async (tx) => {
    const shown = await lockDocument(tx, target);
    if ((shown.document.trashed_at === null) === (state.trashedAt === null)) return shown;
    await tx.document.update({
      where: { id: target.id },
      data: { ...state, revision: { increment: 1 }, updatedAt: context.now() },
      select: { id: true },
    });
    await context.onFiled(tx, { documentIds: [target.id] });
    return readBack(tx, target.id);
  });
}

/**
 * Deletes a document for good, from wherever it is: the row, its versions and tags, and the bytes that no
 * other document has. Answers what it was.
 */
export async function purgeDocument(
  context: DocumentsContext,
  { actor, ...target }: ChangeTarget & { actor: Actor },
): Promise<ShownDocument> {
  const { shown, hashes } = await transact(context.db, async (tx) => {
    const shown = await lockDocument(tx, target);
    const versions = await tx.documentVersion.findMany({
      where: { documentId: target.id },
      select: { sha256: true },
    });
    await tx.document.delete({ where: { id: target.id }, select: { id: true } });
    await context.onPurged(tx, { documentIds: [target.id] });
    const { title, owner_id, sha256 } = shown.document;
    await recordAudit(tx, {
      actor,
      action: 'documents.purge',
      objectType: 'document',
      objectId: target.id,
      outcome: 'success',
      details: { title, owner_id, sha256 },
    });
    return { shown, hashes: versions.map((version) => version.sha256) };
  });
  // The row is gone whatever happens here; what stays is swept at night.
  await context.store
    .removeUnreferenced(hashes)
    .catch((fault) =>
      context.log.error({ err: fault, document: target.id }, 'bytes of a deleted document stay'),
    );
  return shown;
}
