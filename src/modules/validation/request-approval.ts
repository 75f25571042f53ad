import type { Transaction } from '../../database/client.ts';
import { type Status, takeStep } from './steps.ts';
import { tellDeciders } from './tell.ts';

/** Days from a submission to its deadline, where the document's type says nothing else. */
const usualDays = 7;

interface State {
  status: Status;
  /** whether the type, or the amount against its threshold, asks for approval */
  wanted: boolean;
  /** whether approval was asked for before, and not withdrawn */
  asked: boolean;
  byHand: boolean;
  /** whether the document is no longer the version, amount and currency that the request is about */
  lapsed: boolean;
}

async function readState(
  tx: Transaction,
  o: { documentId: number; approvalThreshold: number | undefined },
): Promise<State> {
  const [row] = await tx.$queryRaw<State[]>`
    SELECT d.validation_status AS status, r.document_id IS NOT NULL AS asked, coalesce(r.by_hand, FALSE) AS "byHand",
      (r.version, r.amount, r.currency) IS DISTINCT FROM (d.version, d.amount, d.currency) AS lapsed,
      t.requires_approval OR coalesce(
        abs(d.amount) > coalesce(t.approval_threshold, ${o.approvalThreshold ?? null}::numeric), FALSE) AS wanted
    FROM documents d
    JOIN document_types t ON t.id = d.document_type_id
    LEFT JOIN validation_requests r ON r.document_id = d.id
    WHERE d.id = ${o.documentId}`;
  if (!row) throw new Error(`document ${o.documentId} is gone`);
  return row;
}

/**
 * A locked document begins to wait for a decision on what it is now, until a new deadline. What was decided before
 * stays in the history only.
 */
async function ask(
  tx: Transaction,
  o: { documentId: number; userId: number; state: State; byHand: boolean; comment?: string | null },
): Promise<void> {
  const { documentId, userId, state, byHand, comment = null } = o;
  await tx.$executeRaw`
    INSERT INTO validation_requests (document_id, version, amount, currency, by_hand, submitted_by_id, submitted_at,
      deadline_at)
    SELECT d.id, d.version, d.amount, d.currency, ${byHand}, ${userId}, s.at,
      s.at + make_interval(days => coalesce(t.approval_days, ${usualDays}))
    FROM documents d JOIN document_types t ON t.id = d.document_type_id, clock_timestamp() AS s(at)
    WHERE d.id = ${documentId}
    ON CONFLICT (document_id) DO UPDATE SET
      version = excluded.version, amount = excluded.amount, currency = excluded.currency, by_hand = excluded.by_hand,
      submitted_by_id = excluded.submitted_by_id, submitted_at = excluded.submitted_at,
      deadline_at = excluded.deadline_at, escalated_at = NULL, reminded_at = NULL, overdue_notice_at = NULL,
      decided_by_id = NULL, decided_at = NULL, role_code = NULL, delegator_id = NULL, comment = NULL`;
  const action = state.asked ? 'resubmitted' : 'submitted';
  await takeStep(tx, { documentId, action, from: state.status, to: 'pending', userId, comment });
  await tellDeciders(tx, documentId);
}

/**
 * What waits already waits for a decision on what it is now. The deadline stays: an edit does not put it off. Who
 * made it what it is has submitted it.
 */
async function rebind(tx: Transaction, o: { documentId: number; userId: number }): Promise<void> {
  const { documentId, userId } = o;
  await tx.$executeRaw`
    UPDATE validation_requests r SET version = d.version, amount = d.amount, currency = d.currency,
      submitted_by_id = ${userId}, submitted_at = clock_timestamp()
    FROM documents d WHERE d.id = r.document_id AND d.id = ${documentId}`;
  await takeStep(tx, { documentId, action: 'resubmitted', from: 'pending', to: 'pending', userId });
  await tellDeciders(tx, documentId);
}

async function withdraw(tx: Transaction, o: { documentId: number; userId: number }): Promise<void> {
  const { documentId, userId } = o;
  await tx.validationRequest.delete({ where: { documentId }, select: { documentId: true } });
  await takeStep(tx, { documentId, action: 'withdrawn', from: 'pending', to: 'na', userId });
}

/**
 * Asks for approval, or asks again, where a document is new or has another version, amount, currency or type
 * (contract §6), in the transaction of that change.
 *
 * - A decision holds for a version, an amount and a currency: with another of these it is asked for anew, whatever
 *   the rules say. Another type asks anew where the rules want approval under it: it may be others who decide there.
 * - What waits for the sake of a rule waits no more once no rule asks; what a person asked for, or what once was
 *   decided, goes on waiting.
 */
export async function noteSubject(
  tx: Transaction,
  o: { documentId: number; userId: number; approvalThreshold: number | undefined },
): Promise<void> {
  const { documentId, userId } = o;
  const state = await readState(tx, o);
  const { status, wanted, byHand, lapsed } = state;
  if (status === 'pending') {
    if (wanted || byHand) await rebind(tx, { documentId, userId });
    else await withdraw(tx, { documentId, userId });
    return;
  }
  if (wanted || (status !== 'na' && lapsed)) await ask(tx, { documentId, userId, state, byHand: !wanted });
}

/** Asks for approval by hand, of a document that is locked and neither waits nor is approved. */
export async function askByHand(
  tx: Transaction,
  o: { documentId: number; userId: number; comment: string | null },
): Promise<void> {
  const state = await readState(tx, { documentId: o.documentId, approvalThreshold: undefined });
  await ask(tx, { ...o, state, byHand: true });
}
