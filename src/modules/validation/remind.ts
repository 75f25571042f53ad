import type { Database, Transaction } from '../../database/client.ts';
import { type NewNotification, notify } from '../notifications/notify.ts';
import { escalate, findAdministrators } from './tell.ts';

/** Documents of one transaction: as long as they are locked, nobody changes them or decides on them. */
const batchSize = 50;

interface Due {
  documentId: number;
  title: string;
  deadline: string;
  overdue: boolean;
  escalated: boolean;
}

/**
 * Takes documents whose deadline is within a day, or over, and notes that they were told of. Both rows are locked:
 * PostgreSQL then asks the condition again of what another server has just noted. A document that somebody works on
 * at this moment is taken the next time.
 */
async function takeDue(tx: Transaction): Promise<Due[]> {
  const due = await tx.$queryRaw<Due[]>`
    SELECT d.id AS "documentId", d.title,
      to_char(r.deadline_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS deadline, r.deadline_at <= now() AS overdue,
      r.escalated_at IS NOT NULL AS escalated
    FROM validation_requests r JOIN documents d ON d.id = r.document_id
    WHERE r.decided_at IS NULL AND r.overdue_notice_at IS NULL AND r.deadline_at <= now() + interval '1 day'
      AND (r.reminded_at IS NULL OR r.deadline_at <= now())
      AND d.validation_status = 'pending' AND d.trashed_at IS NULL
    ORDER BY r.deadline_at LIMIT ${batchSize} FOR NO KEY UPDATE OF d, r SKIP LOCKED`;
  await tx.$executeRaw`
    UPDATE validation_requests SET reminded_at = coalesce(reminded_at, now()),
      overdue_notice_at = CASE WHEN deadline_at <= now() THEN now() END,
      escalated_at = CASE WHEN deadline_at <= now() THEN coalesce(escalated_at, now()) ELSE escalated_at END
    WHERE document_id = ANY(${due.map(({ documentId }) => documentId)}::int[])`;
  return due;
}

async function remindBatch(tx: Transaction): Promise<number> {
  const due = await takeDue(tx);
  const deciders = await tx.$queryRaw<{ documentId: number; userId: number }[]>`
    SELECT DISTINCT document_id AS "documentId", user_id AS "userId"
    FROM validation_deciders WHERE document_id = ANY(${due.map(({ documentId }) => documentId)}::int[])`;
  const administrators = due.some(({ overdue }) => overdue) ? await findAdministrators(tx) : [];
  const notifications: NewNotification[] = [];
  for (const { documentId, title, deadline, overdue, escalated } of due) {
    if (overdue && !escalated) await escalate(tx, documentId);
    const told = deciders.filter((one) => one.documentId === documentId).map(({ userId }) => userId);
    const params = { title, deadline };
    if (overdue)
      for (const userId of new Set([...told, ...administrators]))
        notifications.push({ userId, kind: 'validation_overdue', priority: 'urgent', documentId, params });
    else
      for (const userId of told)
        notifications.push({ userId, kind: 'validation_reminder', priority: 'high', documentId, params });
  }
  await notify(tx, notifications);
  return due.length;
}

/**
 * Reminds of what has to be decided within a day, and of what should have been: those who may decide, and when it
 * is late the administrators too, to whom it then goes. Each is told once, however many servers do this at the same
 * time. Ends early, between two batches, when the signal fires. Answers how many documents were told of.
 */
export async function remind(db: Database, signal: AbortSignal): Promise<number> {
  for (let told = 0; ; ) {
    signal.throwIfAborted();
    const count = await db.$transaction(remindBatch, { maxWait: 30_000, timeout: 60_000 });
    told += count;
    if (count === 0) return told;
  }
}
