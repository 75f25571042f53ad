import type { Transaction } from '../../database/client.ts';
import { type NewNotification, notify } from '../notifications/notify.ts';
import type { Status } from './steps.ts';
import { takeStep } from './steps.ts';

/** What notifications say of a document that waits, or has just been decided on. */
async function readSubject(tx: Transaction, documentId: number) {
  const [row] = await tx.$queryRaw<
    { title: string; ownerId: number; submittedById: number; submitter: string }[]
  >`
    SELECT d.title, d.owner_id AS "ownerId", r.submitted_by_id AS "submittedById", u.username AS submitter
    FROM documents d
    JOIN validation_requests r ON r.document_id = d.id
    JOIN users u ON u.id = r.submitted_by_id
    WHERE d.id = ${documentId}`;
  if (!row) throw new Error(`document ${documentId} has no request`);
  return row;
}

export async function findAdministrators(tx: Transaction): Promise<number[]> {
  const rows = await tx.user.findMany({ where: { isAdmin: true, isActive: true }, select: { id: true } });
  return rows.map(({ id }) => id);
}

/**
 * Tells who may decide on a document that it waits for them now. Where no role but the administrators' reaches it,
 * it is handed to those, which is a step of its history.
 */
export async function tellDeciders(tx: Transaction, documentId: number): Promise<void> {
  const { title, submitter } = await readSubject(tx, documentId);
  const deciders = await tx.$queryRaw<{ userId: number; byRole: boolean }[]>`
    SELECT user_id AS "userId", bool_or(role_code <> 'ADMIN') AS "byRole"
    FROM validation_deciders WHERE document_id = ${documentId} GROUP BY user_id ORDER BY user_id`;
  const escalated = !deciders.some(({ byRole }) => byRole);
  await tx.$executeRaw`
    UPDATE validation_requests SET escalated_at = CASE WHEN ${escalated} THEN clock_timestamp() END
    WHERE document_id = ${documentId}`;
  if (escalated) await escalate(tx, documentId);
  const told = deciders.map(({ userId }) => userId);
  // The only administrator may be who submitted it: they have to know that somebody else needs a role.
  if (told.length === 0) told.push(...(await findAdministrators(tx)));
  await notify(
    tx,
    told.map((userId) => ({
      userId,
      kind: escalated ? ('validation_escalated' as const) : ('validation_pending' as const),
      priority: 'high' as const,
      documentId,
      params: { title, username: submitter },
    })),
  );
}

export async function escalate(tx: Transaction, documentId: number): Promise<void> {
  await takeStep(tx, { documentId, action: 'escalated', from: 'pending', to: 'pending', userId: null });
}

const decisionKinds = {
  approved: 'validation_approved',
  rejected: 'validation_rejected',
  na: 'validation_dismissed',
} as const;

/** Tells who submitted a document, and whose it is, how it was decided. */
export async function tellDecided(
  tx: Transaction,
  o: {
    documentId: number;
    status: Exclude<Status, 'pending'>;
    decider: { id: number; username: string };
    comment: string | null;
  },
): Promise<void> {
  const { documentId, status, decider, comment } = o;
  const { title, ownerId, submittedById } = await readSubject(tx, documentId);
  const told = [...new Set([submittedById, ownerId])].filter((id) => id !== decider.id);
  const notifications = told.map(
    (userId): NewNotification => ({
      userId,
      kind: decisionKinds[status],
      priority: status === 'rejected' ? 'high' : 'normal',
      documentId,
      params: { title, username: decider.username, comment },
    }),
  );
  await notify(tx, notifications);
}
