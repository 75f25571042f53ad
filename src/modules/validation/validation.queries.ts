import type { Database } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import { documentNotFound } from '../../http/http.errors.ts';
import type { SessionUser } from '../../http/request.ts';
import { visibleTo } from '../documents/visibility.ts';
import type { HistoryRow, PendingRow, Period, Statistics, StatusRow } from './validation.schemas.ts';

/** An instant as every answer writes it. */
const instant = (column: string) => Prisma.raw(`to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`);

const userOf = (alias: string) =>
  Prisma.raw(
    `CASE WHEN ${alias}.id IS NOT NULL THEN json_build_object('id', ${alias}.id, 'username', ${alias}.username) END`,
  );

/** What awaits a user's decision, by deadline; and how much that is in all. */
export async function listPending(
  db: Database,
  { userId, limit }: { userId: number; limit: number },
): Promise<{ count: number; documents: PendingRow[] }> {
  const rows = await db.$queryRaw<(PendingRow & { count: number })[]>`
    WITH waiting AS MATERIALIZED (SELECT document_id FROM awaiting_decision_of(${userId})),
    page AS (
      SELECT r.document_id FROM waiting w JOIN validation_requests r ON r.document_id = w.document_id
      WHERE r.decided_at IS NULL ORDER BY r.deadline_at, r.document_id LIMIT ${limit})
    SELECT (SELECT count(*)::int FROM waiting) AS count, d.id, d.title, d.amount::float8 AS amount, d.currency,
      d.document_type_id, t.code AS document_type_code, t.label AS document_type_label, d.version,
      ${userOf('u')} AS submitted_by, ${instant('r.submitted_at')} AS submitted_at,
      ${instant('r.deadline_at')} AS approval_deadline,
      CASE WHEN r.deadline_at <= now() THEN least(-1, r.deadline_at::date - CURRENT_DATE)
        ELSE r.deadline_at::date - CURRENT_DATE END AS days_until_deadline,
      r.escalated_at IS NOT NULL AS escalated
    FROM page p
    JOIN documents d ON d.id = p.document_id
    JOIN validation_requests r ON r.document_id = d.id
    JOIN document_types t ON t.id = d.document_type_id
    JOIN users u ON u.id = r.submitted_by_id
    ORDER BY r.deadline_at, d.id`;
  return { count: rows[0]?.count ?? 0, documents: rows.map(({ count: _, ...row }) => row) };
}

/** Where a document's approval stands. */
export async function findStatus(db: Database, documentId: number): Promise<StatusRow> {
  const [row] = await db.$queryRaw<StatusRow[]>`
    SELECT d.id AS document_id, d.validation_status AS status, ${userOf('v')} AS validated_by,
      ${instant('r.decided_at')} AS validated_at, r.comment, d.validation_status = 'pending' AS requires_approval,
      d.version, d.amount::float8 AS amount, d.currency, r.role_code AS role, ${userOf('g')} AS on_behalf_of,
      ${userOf('s')} AS submitted_by, ${instant('r.submitted_at')} AS submitted_at,
      ${instant('r.deadline_at')} AS approval_deadline, r.escalated_at IS NOT NULL AS escalated
    FROM documents d
    LEFT JOIN validation_requests r ON r.document_id = d.id
    LEFT JOIN users s ON s.id = r.submitted_by_id
    LEFT JOIN users v ON v.id = r.decided_by_id
    LEFT JOIN users g ON g.id = r.delegator_id
    WHERE d.id = ${documentId}`;
  if (!row) throw documentNotFound();
  return row;
}

/** Every step of a document, the oldest first. */
export function listHistory(db: Database, documentId: number): Promise<HistoryRow[]> {
  return db.$queryRaw`
    SELECT h.action, h.from_status, h.to_status, h.performed_by_id AS performed_by, u.username,
      ${instant('h.created_at')} AS created_at, h.comment, h.role_code AS role, ${userOf('g')} AS on_behalf_of,
      h.version, h.amount::float8 AS amount, h.currency
    FROM validation_history h
    LEFT JOIN users u ON u.id = h.performed_by_id
    LEFT JOIN users g ON g.id = h.delegator_id
    WHERE h.document_id = ${documentId} ORDER BY h.id`;
}

const intervals: Record<Period, Prisma.Sql> = {
  day: Prisma.sql`interval '1 day'`,
  week: Prisma.sql`interval '1 week'`,
  month: Prisma.sql`interval '1 month'`,
  year: Prisma.sql`interval '1 year'`,
};

/**
 * What was decided in the period that ends now, and what waits now, over the documents a user may see; of one
 * validator: their decisions, and what awaits them. To an administrator, decisions on documents that are gone
 * count too.
 */
export async function readStatistics(
  db: Database,
  { user, period, validatorId }: { user: SessionUser; period: Period; validatorId: number | undefined },
): Promise<Statistics> {
  const seen = user.isAdmin
    ? Prisma.empty
    : Prisma.sql`JOIN documents d ON d.id = h.document_id AND ${visibleTo(user)}`;
  const byValidator =
    validatorId === undefined ? Prisma.empty : Prisma.sql`AND h.performed_by_id = ${validatorId}`;
  const awaitsValidator =
    validatorId === undefined
      ? Prisma.empty
      : Prisma.sql`AND d.id IN (SELECT document_id FROM awaiting_decision_of(${validatorId}))`;
  const figures = (alias: string) =>
    Prisma.raw(`count(*)::int AS count, coalesce(sum(${alias}.amount), 0)::float8 AS total_amount,
      coalesce(round(avg(${alias}.amount), 2), 0)::float8 AS avg_amount`);
  const rows = await db.$queryRaw<({ status: keyof Statistics } & Statistics['pending'])[]>`
    SELECT h.action AS status, ${figures('h')}
    FROM validation_history h ${seen}
    WHERE h.action IN ('approved', 'rejected') AND h.created_at > now() - ${intervals[period]} ${byValidator}
    GROUP BY h.action
    UNION ALL
    SELECT 'pending', ${figures('d')}
    FROM documents d
    WHERE d.validation_status = 'pending' AND d.trashed_at IS NULL AND ${visibleTo(user)} ${awaitsValidator}`;
  const none = { count: 0, total_amount: 0, avg_amount: 0 };
  const statistics: Statistics = { approved: none, rejected: none, pending: none };
  for (const { status, ...figure } of rows) statistics[status] = figure;
  return statistics;
}
