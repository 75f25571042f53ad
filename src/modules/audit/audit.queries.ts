import type { Database } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import { isDay, toMoment } from '../documents/documents.schemas.ts';
import type { AuditQuery, EntryAnswer } from './audit.schemas.ts';

interface EntryRow extends Omit<EntryAnswer, 'id' | 'created_at' | 'user'> {
  id: bigint;
  created_at: Date;
  actor_id: number | null;
  actor_name: string | null;
}

const dayMs = 24 * 60 * 60 * 1000;

function conditions(query: AuditQuery): Prisma.Sql {
  const { user_id, action, object_type, object_id, outcome, from, to } = query;
  const all = [Prisma.sql`TRUE`];
  if (user_id) all.push(Prisma.sql`actor_id = ${user_id}`);
  if (action) all.push(Prisma.sql`action LIKE ${`${action.replace(/[\\%_]/g, '\\$&')}%`}`);
  if (object_type) all.push(Prisma.sql`object_type = ${object_type}`);
  if (object_id) all.push(Prisma.sql`object_id = ${object_id}`);
  if (outcome) all.push(Prisma.sql`outcome = ${outcome}`);
  if (from) all.push(Prisma.sql`created_at >= ${toMoment(from)}`);
  if (to && isDay(to)) all.push(Prisma.sql`created_at < ${new Date(toMoment(to).getTime() + dayMs)}`);
  else if (to) all.push(Prisma.sql`created_at <= ${toMoment(to)}`);
  return Prisma.join(all, ' AND ');
}

/** One page of the audit log, the newest first, and how many entries fit; both of one moment. */
export async function listEntries(
  db: Database,
  query: AuditQuery,
): Promise<{ entries: EntryAnswer[]; total: number }> {
  const where = conditions(query);
  const offset = (query.page - 1) * query.per_page;
  const rows = await db.$queryRaw<(EntryRow & { total: number; id: bigint | null })[]>`
    SELECT n.total, a.*
    FROM (SELECT count(*)::int AS total FROM audit_log WHERE ${where}) n
    LEFT JOIN LATERAL (
      SELECT id, created_at, actor_id, actor_name, address, action, object_type, object_id, outcome, details
      FROM audit_log WHERE ${where} ORDER BY id DESC LIMIT ${query.per_page} OFFSET ${offset}::bigint
    ) a ON n.total > ${offset}::bigint
    ORDER BY a.id DESC`;
  const entries = rows.flatMap(({ id, created_at, actor_id, actor_name, total: _, ...row }) =>
    id === null
      ? []
      : [
          {
            ...row,
            id: Number(id),
            created_at: created_at.toISOString(),
            user: actor_id === null ? null : { id: actor_id, username: actor_name ?? '' },
          },
        ],
  );
  return { entries, total: rows[0]?.total ?? 0 };
}

/** The last entry that was added, by the head; and an entry behind it, which the server has not added. */
export async function readHead(
  db: Database,
): Promise<{ entryId: bigint; hash: string; beyond: bigint | null }> {
  const [head] = await db.$queryRaw<{ entryId: bigint; hash: string; beyond: bigint | null }[]>`
    SELECT h.entry_id AS "entryId", h.hash, (SELECT min(id) FROM audit_log WHERE id > h.entry_id) AS beyond
    FROM audit_head h`;
  if (!head) throw new Error('the head of the audit log is missing');
  return head;
}

/** A piece of the chain: how far it goes and whether it hangs together. */
export interface Link {
  checked: number;
  lastId: bigint | null;
  lastHash: string | null;
  /** the first entry whose hash is not that of it and the one before, or that is missing */
  brokenId: bigint | null;
}

/** Recomputes the hashes of the next entries after one, up to another. */
export async function checkLink(
  db: Database,
  o: { after: { id: bigint; hash: string } | null; until: bigint; batch: number },
): Promise<Link> {
  const { id = 0n, hash = '' } = o.after ?? {};
  // The first batch has no lower bound: what stands before the first entry is not of the server either.
  const from = o.after ? Prisma.sql`id > ${id}` : Prisma.sql`TRUE`;
  const [link] = await db.$queryRaw<Link[]>`
    SELECT count(*)::int AS checked, max(id) AS "lastId", (array_agg(hash ORDER BY id DESC))[1] AS "lastHash",
      min(CASE WHEN id <> before_id + 1 THEN least(id, before_id + 1) WHEN hash <> expected THEN id END) AS "brokenId"
    FROM (
      SELECT a.id, a.hash, lag(a.id, 1, ${id}::bigint) OVER by_id AS before_id,
        audit_log_hash(lag(a.hash, 1, ${hash}::bpchar) OVER by_id, a) AS expected
      FROM (SELECT * FROM audit_log WHERE ${from} AND id <= ${o.until} ORDER BY id LIMIT ${o.batch}) a
      WINDOW by_id AS (ORDER BY a.id)) AS links`;
  if (!link) throw new Error('an aggregate without GROUP BY is one row');
  return link;
}
