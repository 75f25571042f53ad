import type { Transaction } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';

/**
 * The journal `sync_copies`: for each target and document, what the target is known to hold and what is to
 * be done. A row goes pending → sending → synced, or → failed when a person is needed, or → kept when the
 * document has gone to the trash while its copy stays.
 *
 * Whoever changes a document's file or place calls `enqueue` in the same transaction. It raises
 * `generation`, so that what a run was sending at that moment is not taken for the last word.
 * How a run works it off is in `journal-work.queries.ts`.
 */

/** What `enqueue` writes into a row, new or known. A row being sent stays so; its run sees the generation. */
const requeue = Prisma.sql`
  ON CONFLICT (target_id, document_id) DO UPDATE SET
    state = CASE WHEN sync_copies.state = 'sending' THEN 'sending' ELSE 'pending' END,
    generation = sync_copies.generation + 1,
    attempts = 0, next_attempt_at = now(), error_code = NULL, error_detail = NULL`;

/**
 * Makes documents pending on every target. The key-share lock lets a target that is being added wait for
 * this transaction, or this transaction for the target: no document falls between the two.
 */
export async function enqueue(tx: Transaction, { documentIds }: { documentIds: number[] }): Promise<void> {
  if (documentIds.length === 0) return;
  await tx.$executeRaw`SELECT 1 FROM sync_targets FOR KEY SHARE`;
  await tx.$executeRaw`
    INSERT INTO sync_copies (target_id, document_id)
    SELECT t.id, d.id FROM documents d CROSS JOIN sync_targets t
    WHERE d.id = ANY(${documentIds}) AND d.trashed_at IS NULL
    ORDER BY t.id, d.id
    ${requeue}`;
  const trashed = await tx.$queryRaw<{ id: number }[]>`
    SELECT id FROM documents WHERE id = ANY(${documentIds}) AND trashed_at IS NOT NULL`;
  await letGo(tx, { documentIds: trashed.map((row) => row.id) });
}

/**
 * Documents went to the trash or were deleted for good: with the policy `keep` their copies stay, and so do
 * those copies' paths; what never left need not leave. What is being sent right now is looked at again when
 * its run settles it.
 */
export async function letGo(tx: Transaction, { documentIds }: { documentIds: number[] }): Promise<void> {
  if (documentIds.length === 0) return;
  await tx.$executeRaw`
    DELETE FROM sync_copies WHERE document_id = ANY(${documentIds}) AND held_path IS NULL AND state <> 'sending'`;
  await tx.$executeRaw`
    UPDATE sync_copies SET
      state = CASE WHEN state = 'sending' THEN 'sending' ELSE 'kept' END,
      generation = generation + 1, error_code = NULL, error_detail = NULL
    WHERE document_id = ANY(${documentIds})`;
}

/** Makes every document of a type pending: its folder has another name. */
export async function enqueueType(
  tx: Transaction,
  { documentTypeId }: { documentTypeId: number },
): Promise<void> {
  await tx.$executeRaw`SELECT 1 FROM sync_targets FOR KEY SHARE`;
  await tx.$executeRaw`
    INSERT INTO sync_copies (target_id, document_id)
    SELECT t.id, d.id FROM documents d CROSS JOIN sync_targets t
    WHERE d.document_type_id = ${documentTypeId} AND d.trashed_at IS NULL
    ORDER BY t.id, d.id
    ${requeue}`;
}

/** Makes every document pending on a target that is new, or that was adopted. */
export async function enqueueTarget(tx: Transaction, { targetId }: { targetId: number }): Promise<void> {
  await tx.$executeRaw`LOCK TABLE sync_targets IN EXCLUSIVE MODE`;
  await tx.$executeRaw`
    INSERT INTO sync_copies (target_id, document_id)
    SELECT ${targetId}::int, d.id FROM documents d WHERE d.trashed_at IS NULL
    ${requeue}`;
}
