import type { Database, Transaction } from '../../database/client.ts';
import { invalidRequest } from '../../http/http.errors.ts';
import type { Caller } from '../../http/request.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { transact } from '../documents/transact.ts';
import { notify } from '../notifications/notify.ts';
import { lockUser, setAdministrator } from '../users/administrator.ts';
import { userNotFound } from '../users/users.errors.ts';
import { fieldErrors, roleNotHeld, userInactive } from './roles.errors.ts';
import {
  deleteAssignment,
  findAssignments,
  findScopeType,
  type HeldRole,
  saveAssignment,
} from './roles.queries.ts';
import type { RoleCode } from './roles.ts';

export interface NewRole {
  roleCode: RoleCode;
  /** `*`, or `document_type:<code>`; an administrator's is `*` */
  scope: string;
  /** null: no limit */
  maxAmount: number | null;
  /** `YYYY-MM-DD`, both days included, UTC; null: no bound */
  validFrom: string | null;
  validTo: string | null;
}

export type RolesService = ReturnType<typeof createRolesService>;

async function read(client: Database | Transaction, userId: number): Promise<HeldRole[]> {
  const user = await client.user.findUnique({
    where: { id: userId },
    select: { isAdmin: true, isActive: true },
  });
  if (!user) throw userNotFound();
  const administrator: HeldRole = {
    roleCode: 'ADMIN',
    scope: '*',
    maxAmount: null,
    validFrom: null,
    validTo: null,
    active: user.isActive,
    assignedBy: null,
    createdAt: null,
  };
  return [...(await findAssignments(client, userId)), ...(user.isAdmin ? [administrator] : [])];
}

/** The limits of a role, as the audit log tells them. */
const limitsOf = ({ maxAmount, validFrom, validTo }: Omit<NewRole, 'roleCode' | 'scope'>) => ({
  max_amount: maxAmount,
  valid_from: validFrom,
  valid_to: validTo,
});

/**
 * Who holds which role (contract §6). Changes of one user's roles wait for each other, are told to them, and are
 * in the audit log; all of it in one transaction. Each throws `users.not_found`.
 */
export function createRolesService({ db }: { db: Database }) {
  return {
    /** What a user holds, ADMIN last. */
    of: (userId: number) => read(db, userId),

    /**
     * Gives a user a role, or changes its limits where they have it with this scope. Throws a 400 on `scope` and
     * `roles.user_inactive`.
     */
    assign({ caller, userId, role }: { caller: Caller; userId: number; role: NewRole }) {
      const { roleCode, scope } = role;
      return transact(db, async (tx) => {
        const user = await lockUser(tx, userId);
        if (!user) throw userNotFound();
        if (!user.isActive) throw userInactive();
        const before = (await read(tx, userId)).find(
          (held) => held.roleCode === roleCode && held.scope === scope,
        );
        if (roleCode === 'ADMIN') {
          if (!before) await setAdministrator(tx, { userId, isAdmin: true, actor: caller });
        } else if (!before || JSON.stringify(limitsOf(before)) !== JSON.stringify(limitsOf(role))) {
          const documentTypeId = await findScopeType(tx, scope);
          if (documentTypeId === undefined)
            throw invalidRequest({ fields: { scope: [fieldErrors.unknownType] } });
          await saveAssignment(tx, { ...role, userId, documentTypeId, assignedById: caller.user.id });
          await tell(
            tx,
            { caller, userId, roleCode, scope, kind: 'role_assigned' },
            {
              ...limitsOf(role),
              ...(before && { before: limitsOf(before) }),
            },
          );
        }
        return { created: !before, roles: await read(tx, userId) };
      });
    },

    /** Takes a role from a user. Throws `roles.not_held`, `users.last_administrator`. Answers what they still hold. */
    remove({
      caller,
      userId,
      roleCode,
      scope,
    }: {
      caller: Caller;
      userId: number;
      roleCode: RoleCode;
      scope: string;
    }) {
      return transact(db, async (tx) => {
        const user = await lockUser(tx, userId);
        if (!user) throw userNotFound();
        if (roleCode === 'ADMIN') {
          if (!user.isAdmin || scope !== '*') throw roleNotHeld();
          await setAdministrator(tx, { userId, isAdmin: false, actor: caller });
        } else {
          if (!(await deleteAssignment(tx, { userId, roleCode, scope }))) throw roleNotHeld();
          await tell(tx, { caller, userId, roleCode, scope, kind: 'role_removed' });
        }
        return read(tx, userId);
      });
    },
  };
}

/** Tells the user, and the audit log, of a role that has just changed. */
async function tell(
  tx: Transaction,
  o: {
    caller: Caller;
    userId: number;
    roleCode: RoleCode;
    scope: string;
    kind: 'role_assigned' | 'role_removed';
  },
  details: Record<string, unknown> = {},
): Promise<void> {
  const { caller, userId, kind, scope } = o;
  const params = { role: o.roleCode, scope };
  await notify(tx, [{ userId, kind, priority: 'normal', params }]);
  await recordAudit(tx, {
    actor: caller,
    action: kind === 'role_assigned' ? 'roles.assign' : 'roles.remove',
    objectType: 'user',
    objectId: userId,
    outcome: 'success',
    details: { ...params, ...details },
  });
}
