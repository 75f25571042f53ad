import type { Transaction } from '../../database/client.ts';

export type Action =
  | 'submitted'
  | 'resubmitted'
  | 'approved'
  | 'rejected'
  | 'dismissed'
  | 'withdrawn'
  | 'escalated';

export type Status = 'na' | 'pending' | 'approved' | 'rejected';

export interface Step {
  documentId: number;
  action: Action;
  from: Status;
  to: Status;
  /** null: the server itself */
  userId: number | null;
  role?: string | null;
  delegatorId?: number | null;
  comment?: string | null;
}

/**
 * Moves a locked document from one status to another and adds that to its history, which the database never
 * changes; the step has the version and amount as they are now. The first step comes from nowhere (seed 004).
 */
export async function takeStep(tx: Transaction, step: Step): Promise<void> {
  const { documentId, action, from, to, userId, role = null, delegatorId = null, comment = null } = step;
  if (from !== to)
    await tx.$executeRaw`UPDATE documents SET validation_status = ${to} WHERE id = ${documentId}`;
  await tx.$executeRaw`
    INSERT INTO validation_history (document_id, action, from_status, to_status, performed_by_id, delegator_id,
      role_code, comment, version, amount, currency, created_at)
    SELECT d.id, ${action},
      CASE WHEN EXISTS (SELECT 1 FROM validation_history h WHERE h.document_id = d.id) THEN ${from} END, ${to},
      ${userId}::int, ${delegatorId}::int, ${role}, ${comment}, d.version, d.amount, d.currency, clock_timestamp()
    FROM documents d WHERE d.id = ${documentId}`;
}
