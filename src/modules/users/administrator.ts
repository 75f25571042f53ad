import type { Transaction } from '../../database/client.ts';
import type { Actor } from '../../http/request.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { notify } from '../notifications/notify.ts';
import { explainConflict } from './explain-conflict.ts';

/** A user's row, locked until the transaction ends; undefined where there is none. */
export async function lockUser(
  tx: Transaction,
  id: number,
): Promise<{ isAdmin: boolean; isActive: boolean } | undefined> {
  const [row] = await tx.$queryRaw<{ isAdmin: boolean; isActive: boolean }[]>`
    SELECT is_admin AS "isAdmin", is_active AS "isActive" FROM users WHERE id = ${id} FOR NO KEY UPDATE`;
  return row;
}

/**
 * Makes a user, locked by the caller, an administrator or no longer one: the role ADMIN and `users.is_admin` are
 * one. They are told, and it is in the audit log, hence last in a transaction. Throws `users.last_administrator`.
 */
export async function setAdministrator(
  tx: Transaction,
  { userId, isAdmin, actor }: { userId: number; isAdmin: boolean; actor: Actor },
): Promise<void> {
  await tx.user
    .update({ where: { id: userId }, data: { isAdmin }, select: { id: true } })
    .catch(explainConflict);
  const details = { role: 'ADMIN', scope: '*' };
  await notify(tx, [
    { userId, kind: isAdmin ? 'role_assigned' : 'role_removed', priority: 'normal', params: details },
  ]);
  await recordAudit(tx, {
    actor,
    action: isAdmin ? 'roles.assign' : 'roles.remove',
    objectType: 'user',
    objectId: userId,
    outcome: 'success',
    details,
  });
}
