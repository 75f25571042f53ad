import type { Database, Transaction } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import type { DocumentAccess } from '../../http/authorization.ts';
import type { SessionUser } from '../../http/request.ts';

/**
 * Which documents `d` a user may see (contract §4): the one place that lists, counts, searches and duplicates
 * go by. Who sees no more than their own, as nearly everybody, is asked for by the owner's index; the database
 * knows what the others see (`visible_to`).
 */
export function visibleTo(
  user: Pick<SessionUser, 'id' | 'isAdmin' | 'seesMore'>,
  { hidden = false }: { hidden?: boolean } = {},
): Prisma.Sql {
  if (user.isAdmin) return Prisma.sql`TRUE`;
  // Hidden from the planner: whoever asks, it makes the same plan, and need not make it again.
  const id = hidden ? Prisma.sql`(SELECT ${user.id}::int)` : Prisma.sql`${user.id}`;
  if (!user.seesMore) return Prisma.sql`d.owner_id = ${id}`;
  return Prisma.sql`d.id IN (SELECT document_id FROM visible_to(${id}))`;
}

/** Which documents `d` a user may change: their own, and what was shared with them to be changed. */
export function changeableBy(user: Pick<SessionUser, 'id' | 'isAdmin' | 'seesMore'>): Prisma.Sql {
  if (user.isAdmin) return Prisma.sql`TRUE`;
  if (!user.seesMore) return Prisma.sql`d.owner_id = ${user.id}`;
  return Prisma.sql`(d.owner_id = ${user.id} OR (d.trashed_at IS NULL AND EXISTS (
    SELECT 1 FROM document_shares s WHERE s.document_id = d.id AND s.user_id = ${user.id} AND s.access = 'write')))`;
}

/**
 * What a user may do with one document, mostly in one query. An owner and an administrator may do everything with it;
 * who sees it by a share, or because of its approval, may read it. Who could have decided on it until a moment ago
 * may hear that somebody else was quicker (`decided`), and nothing of what was decided long before.
 */
export async function findAccess(
  db: Database,
  { user, documentId }: { user: SessionUser; documentId: number },
): Promise<DocumentAccess> {
  // Planning this costs more than running it; nearly nobody needs it.
  const ofOthers = user.seesMore
    ? Prisma.sql`
      WHEN ${changeableBy(user)} THEN 'write'
      WHEN EXISTS (SELECT 1 FROM visible_to(${user.id}) v WHERE v.document_id = ${documentId}) THEN 'read'`
    : Prisma.empty;
  const [row] = await db.$queryRaw<{ access: DocumentAccess }[]>`
    SELECT CASE WHEN ${user.isAdmin}::boolean OR d.owner_id = ${user.id} THEN 'own' ${ofOthers} ELSE 'none' END AS access
    FROM documents d WHERE d.id = ${documentId}`;
  if (row?.access !== 'none' || !user.seesMore) return row?.access ?? 'none';
  const [reached] = await db.$queryRaw<unknown[]>`
    SELECT 1 FROM validation_reach v
    WHERE v.document_id = ${documentId} AND v.user_id = ${user.id}
      AND v.decided_at > now() - interval '1 hour' LIMIT 1`;
  return reached ? 'decided' : 'none';
}

/** Whether a user is still active and may change a document, for what has taken hours since the request began. */
export async function mayStillChange(
  tx: Transaction,
  { userId, documentId }: { userId: number; documentId: number },
): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM documents d JOIN users u ON u.id = ${userId} AND u.is_active
    WHERE d.id = ${documentId}
      AND (u.is_admin OR ${changeableBy({ id: userId, isAdmin: false, seesMore: true })})`;
  return rows.length > 0;
}

/**
 * Whether the user `u` may see documents that are not theirs, in SQL: something is shared with them, they have
 * decided, or they hold or were lent a role. Read with every session.
 */
export const seesMore = Prisma.sql`(
  EXISTS (SELECT 1 FROM document_shares s WHERE s.user_id = u.id)
  OR EXISTS (SELECT 1 FROM role_assignments a WHERE a.user_id = u.id)
  OR EXISTS (SELECT 1 FROM delegations g WHERE g.delegate_id = u.id AND g.revoked_at IS NULL)
  OR EXISTS (SELECT 1 FROM validation_history h WHERE h.performed_by_id = u.id
    AND h.action IN ('approved', 'rejected', 'dismissed')))`;
