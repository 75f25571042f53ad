import { Prisma } from '../../database/generated/client.ts';
import type { SessionUser } from '../../http/request.ts';

/**
 * Which documents `d` a user may see (contract §4): the one place that lists, counts, searches and duplicates
 * go by. Who sees no more than their own, as nearly everybody, is asked for by the owner's index; the database
 * knows what the others see (`visible_to`).
 */
export function visibleTo(user: Pick<SessionUser, 'id' | 'isAdmin' | 'seesMore'>): Prisma.Sql {
  if (user.isAdmin) return Prisma.sql`TRUE`;
  if (!user.seesMore) return Prisma.sql`d.owner_id = ${user.id}`;
  return Prisma.sql`d.id IN (SELECT document_id FROM visible_to(${user.id}))`;
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
