import type { Database, Transaction } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import { invalidRequest } from '../../http/http.errors.ts';
import type { Caller } from '../../http/request.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { transact } from '../documents/transact.ts';
import { notify } from '../notifications/notify.ts';
import { findScopeType } from '../roles/roles.queries.ts';
import { lockUser } from '../users/administrator.ts';
import type { DelegateFields, DelegationAnswer } from './delegations.schemas.ts';
import {
  delegationNotFound,
  fieldErrors,
  nothingToDelegate,
  notYourDelegation,
  tooManyDelegations,
} from './validation.errors.ts';

/** Delegations of one user that are in force or to come: each makes every decision of its receiver look further. */
const atMost = 50;
/** of each kind in a list */
const shown = 200;

function find(client: Database | Transaction, where: Prisma.Sql): Promise<DelegationAnswer[]> {
  const person = (alias: string) =>
    Prisma.raw(
      `json_build_object('id', ${alias}.id, 'username', ${alias}.username, 'display_name', ${alias}.display_name)`,
    );
  return client.$queryRaw`
    SELECT g.id, ${person('lender')} AS delegator, ${person('receiver')} AS delegate,
      coalesce('document_type:' || t.code, '*') AS scope, g.max_amount::float8 AS max_amount,
      to_char(g.valid_from, 'YYYY-MM-DD') AS valid_from, to_char(g.valid_to, 'YYYY-MM-DD') AS valid_to,
      g.revoked_at IS NULL AND CURRENT_DATE BETWEEN g.valid_from AND g.valid_to AND lender.is_active
        AND receiver.is_active AS active,
      to_char(g.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at,
      to_char(g.revoked_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS revoked_at
    FROM delegations g
    JOIN users lender ON lender.id = g.delegator_id
    JOIN users receiver ON receiver.id = g.delegate_id
    LEFT JOIN document_types t ON t.id = g.document_type_id
    WHERE ${where} ORDER BY g.id DESC LIMIT ${shown}`;
}

async function findOne(client: Database | Transaction, id: number): Promise<DelegationAnswer> {
  const [found] = await find(client, Prisma.sql`g.id = ${id}`);
  if (!found) throw delegationNotFound();
  return found;
}

export type DelegationsService = ReturnType<typeof createDelegationsService>;

/**
 * Who decides in whose place, for some days (contract §6). What is lent is never more than its owner may do at the
 * moment of the decision, and is not lent on: the view `validation_powers` sees to it. All changes of one user's
 * delegations wait for each other, and for decisions made by them (`holdPowers`).
 */
export function createDelegationsService({ db }: { db: Database }) {
  return {
    async list(userId: number): Promise<{ made: DelegationAnswer[]; received: DelegationAnswer[] }> {
      return {
        made: await find(db, Prisma.sql`g.delegator_id = ${userId}`),
        received: await find(db, Prisma.sql`g.delegate_id = ${userId}`),
      };
    },

    /**
     * Lends the caller's power to decide. Throws `validation.nothing_to_delegate`, `validation.too_many_delegations`,
     * and a 400 on `delegate_id`, `scope` or `valid_to`.
     */
    create({ caller, fields }: { caller: Caller; fields: DelegateFields }): Promise<DelegationAnswer> {
      const { user } = caller;
      const { delegate_id: delegateId, valid_from: from, valid_to: to, scope, max_amount: amount } = fields;
      return transact(db, async (tx) => {
        await lockUser(tx, user.id);
        const [state] = await tx.$queryRaw<
          { delegateActive: boolean; past: boolean; hasPower: boolean; open: number }[]
        >`
          SELECT EXISTS (SELECT 1 FROM users WHERE id = ${delegateId} AND is_active) AS "delegateActive",
            ${to}::date < CURRENT_DATE AS past,
            EXISTS (SELECT 1 FROM validation_powers WHERE user_id = ${user.id} AND delegator_id IS NULL
              AND (valid_to IS NULL OR valid_to >= CURRENT_DATE)) AS "hasPower",
            (SELECT count(*)::int FROM delegations WHERE delegator_id = ${user.id} AND revoked_at IS NULL
              AND valid_to >= CURRENT_DATE) AS open`;
        if (!state?.hasPower) throw nothingToDelegate({ body: { reason: 'no_role' } });
        if (!state.delegateActive || delegateId === user.id)
          throw invalidRequest({ fields: { delegate_id: [fieldErrors.delegate] } });
        if (state.past) throw invalidRequest({ fields: { valid_to: [fieldErrors.past] } });
        const documentTypeId = await findScopeType(tx, scope);
        if (documentTypeId === undefined)
          throw invalidRequest({ fields: { scope: [fieldErrors.unknownType] } });
        if (state.open >= atMost) throw tooManyDelegations({ params: { count: state.open } });

        const { id } = await tx.delegation.create({
          data: {
            delegatorId: user.id,
            delegateId,
            documentTypeId,
            maxAmount: amount?.toFixed(2) ?? null,
            validFrom: new Date(from),
            validTo: new Date(to),
          },
          select: { id: true },
        });
        await notify(tx, [
          {
            userId: delegateId,
            kind: 'delegation_received',
            priority: 'normal',
            params: { username: user.username, from, to },
          },
        ]);
        const created = await findOne(tx, id);
        const { max_amount } = created;
        await record(tx, {
          caller,
          action: 'validation.delegate',
          id,
          details: { delegate_id: delegateId, scope, max_amount, valid_from: from, valid_to: to },
        });
        return created;
      });
    },

    /**
     * Ends a delegation at once; one that was ended stays as it is. Throws `validation.delegation_not_found`, also to
     * those whom it does not concern, and `validation.not_your_delegation` to who received it.
     */
    revoke({ caller, id }: { caller: Caller; id: number }): Promise<DelegationAnswer> {
      const { user } = caller;
      return transact(db, async (tx) => {
        const { delegator, delegate } = await findOne(tx, id);
        if (delegator.id !== user.id && !user.isAdmin)
          throw delegate.id === user.id ? notYourDelegation() : delegationNotFound();
        await lockUser(tx, delegator.id);
        const revoked = await tx.$executeRaw`
          UPDATE delegations SET revoked_at = clock_timestamp() WHERE id = ${id} AND revoked_at IS NULL`;
        const found = await findOne(tx, id);
        if (revoked > 0) await record(tx, { caller, action: 'validation.revoke', id, details: {} });
        return found;
      });
    },
  };
}

async function record(
  tx: Transaction,
  o: { caller: Caller; action: string; id: number; details: Record<string, unknown> },
): Promise<void> {
  const { caller, action, id: objectId, details } = o;
  await recordAudit(tx, {
    actor: caller,
    action,
    objectType: 'delegation',
    objectId,
    outcome: 'success',
    details,
  });
}
