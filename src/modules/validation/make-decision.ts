import type { Database } from '../../database/client.ts';
import type { Caller } from '../../http/request.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { documentEtag } from '../documents/etag.ts';
import { transact } from '../documents/transact.ts';
import { type ChangeTarget, lockDocument } from '../documents/update-document.ts';
import type { RoleCode } from '../roles/roles.ts';
import { holdPowers, readCase } from './cases.queries.ts';
import { decide } from './decide.ts';
import { takeStep } from './steps.ts';
import { tellDecided } from './tell.ts';
import { refusal } from './validation.errors.ts';

/** `na`: no approval is needed after all */
export type Decision = 'approved' | 'rejected' | 'na';

export interface Decided {
  status: Decision;
  validatedBy: number;
  role: RoleCode;
  delegatorId: number | null;
  etag: string;
}

const actions = { approved: 'approved', rejected: 'rejected', na: 'dismissed' } as const;

/**
 * Decides on a document, as it is now: it is locked, so of two who decide at once the second finds that it no
 * longer waits. Throws 412 where `If-Match` names another state of it, and `refusal` where `decide` says no.
 */
export async function makeDecision(
  db: Database,
  o: ChangeTarget & { caller: Caller; decision: Decision; comment: string | null },
): Promise<Decided> {
  const { id: documentId, caller, decision, comment } = o;
  const { user } = caller;
  return transact(db, async (tx) => {
    await lockDocument(tx, o);
    await holdPowers(tx, user.id);
    const found = await readCase(tx, { documentId, userId: user.id });
    const verdict = decide(found);
    if (!verdict.can) throw refusal({ ...verdict, document: found.document });

    const { role, delegatorId } = verdict;
    await tx.$executeRaw`
      UPDATE validation_requests SET decided_by_id = ${user.id}, decided_at = clock_timestamp(), role_code = ${role},
        delegator_id = ${delegatorId}::int, comment = ${comment}
      WHERE document_id = ${documentId}`;
    await takeStep(tx, {
      documentId,
      action: actions[decision],
      from: 'pending',
      to: decision,
      userId: user.id,
      role,
      delegatorId,
      comment,
    });
    const { revision } = await tx.document.update({
      where: { id: documentId },
      data: { revision: { increment: 1 }, updatedAt: new Date() },
      select: { revision: true },
    });
    await tellDecided(tx, { documentId, status: decision, decider: user, comment });
    await recordAudit(tx, {
      actor: caller,
      action: 'validation.decide',
      objectType: 'document',
      objectId: documentId,
      outcome: 'success',
      details: { status: decision, role, ...(delegatorId !== null && { on_behalf_of: delegatorId }) },
    });
    const etag = documentEtag({ id: documentId, revision });
    return { status: decision, validatedBy: user.id, role, delegatorId, etag };
  });
}
