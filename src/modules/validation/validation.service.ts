import type { Database, Transaction } from '../../database/client.ts';
import type { Caller, SessionUser } from '../../http/request.ts';
import { inTrash } from '../documents/documents.errors.ts';
import { documentEtag } from '../documents/etag.ts';
import { transact } from '../documents/transact.ts';
import { type ChangeTarget, lockDocument } from '../documents/update-document.ts';
import { readCase } from './cases.queries.ts';
import { decide } from './decide.ts';
import { type Decision, makeDecision } from './make-decision.ts';
import { remind } from './remind.ts';
import { askByHand, noteSubject } from './request-approval.ts';
import { alreadyApproved, alreadyPending, refusal } from './validation.errors.ts';
import { findStatus, listHistory, listPending, readStatistics } from './validation.queries.ts';
import type { Period } from './validation.schemas.ts';

export type ValidationService = ReturnType<typeof createValidationService>;

/**
 * The approval of documents (contract §6). A document's row is what validation is locked by: whoever changes its
 * request, its status or its history holds that first.
 */
export function createValidationService({
  db,
  approvalThreshold,
  signal,
}: {
  db: Database;
  /** an amount above this needs approval, where the document's type says nothing else */
  approvalThreshold: number | undefined;
  signal: AbortSignal;
}) {
  return {
    /** Told of each document that is new or has another version, amount, currency or type (`onSubject`). */
    noteSubject: (tx: Transaction, o: { documentId: number; userId: number }) =>
      noteSubject(tx, { ...o, approvalThreshold }),

    pending: (o: { userId: number; limit: number }) => listPending(db, o),
    status: (documentId: number) => findStatus(db, documentId),
    history: (documentId: number) => listHistory(db, documentId),
    statistics: (o: { user: SessionUser; period: Period; validatorId: number | undefined }) =>
      readStatistics(db, o),

    /** What `decide` says of a user and a document now; where it says no, as the error that a decision would be. */
    async canValidate(o: { documentId: number; userId: number }) {
      const found = await readCase(db, o);
      const verdict = decide(found);
      return verdict.can ? verdict : { ...verdict, error: refusal({ ...verdict, document: found.document }) };
    },

    /**
     * Asks for approval of a document as it is now. Throws `validation.already_pending`,
     * `validation.already_approved`, and 412 where `If-Match` names another state of it. Answers its new validator.
     */
    submit(o: ChangeTarget & { user: SessionUser; comment: string | null }): Promise<{ etag: string }> {
      const { id: documentId, user, comment } = o;
      return transact(db, async (tx) => {
        const { document } = await lockDocument(tx, o);
        if (document.trashed_at) throw inTrash();
        if (document.validation_status === 'pending') throw alreadyPending();
        if (document.validation_status === 'approved') throw alreadyApproved();
        await askByHand(tx, { documentId, userId: user.id, comment });
        const { revision } = await tx.document.update({
          where: { id: documentId },
          data: { revision: { increment: 1 }, updatedAt: new Date() },
          select: { revision: true },
        });
        return { etag: documentEtag({ id: documentId, revision }) };
      });
    },

    decide: (o: ChangeTarget & { caller: Caller; decision: Decision; comment: string | null }) =>
      makeDecision(db, o),

    /** Reminds of deadlines; see `remind`. */
    remind: (until: AbortSignal = signal) => remind(db, until),
  };
}
