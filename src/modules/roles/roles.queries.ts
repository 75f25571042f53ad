import type { Database, Transaction } from '../../database/client.ts';
import type { RoleCode } from './roles.ts';

/** A role as a user holds it. */
export interface HeldRole {
  roleCode: RoleCode;
  /** `*`, or `document_type:<code>` */
  scope: string;
  maxAmount: number | null;
  /** `YYYY-MM-DD` */
  validFrom: string | null;
  validTo: string | null;
  active: boolean;
  assignedBy: { id: number; username: string } | null;
  createdAt: Date | null;
}

/** What was assigned to a user, but for ADMIN. A double holds every amount of 14 digits exactly. */
export function findAssignments(client: Database | Transaction, userId: number): Promise<HeldRole[]> {
  return client.$queryRaw`
    SELECT a.role_code AS "roleCode", coalesce('document_type:' || t.code, '*') AS scope,
      a.max_amount::float8 AS "maxAmount", to_char(a.valid_from, 'YYYY-MM-DD') AS "validFrom",
      to_char(a.valid_to, 'YYYY-MM-DD') AS "validTo",
      u.is_active AND coalesce(a.valid_from <= CURRENT_DATE, TRUE) AND coalesce(a.valid_to >= CURRENT_DATE, TRUE)
        AS active,
      json_build_object('id', g.id, 'username', g.username) AS "assignedBy", a.created_at AS "createdAt"
    FROM role_assignments a
    JOIN users u ON u.id = a.user_id
    JOIN users g ON g.id = a.assigned_by_id
    LEFT JOIN document_types t ON t.id = a.document_type_id
    WHERE a.user_id = ${userId}
    ORDER BY array_position(ARRAY['VALIDATOR_L1', 'VALIDATOR_L2', 'APPROVER'], a.role_code), scope`;
}

export interface Assignment {
  userId: number;
  roleCode: RoleCode;
  /** null: the scope `*` */
  documentTypeId: number | null;
  maxAmount: number | null;
  validFrom: string | null;
  validTo: string | null;
}

/** Gives the role, or changes it where the user has it with this scope. The caller has locked the user. */
export async function saveAssignment(
  tx: Transaction,
  { userId, roleCode, documentTypeId, assignedById, ...o }: Assignment & { assignedById: number },
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO role_assignments (user_id, role_code, document_type_id, max_amount, valid_from, valid_to, assigned_by_id)
    VALUES (${userId}, ${roleCode}, ${documentTypeId}::int, ${o.maxAmount?.toFixed(2) ?? null}::numeric,
      ${o.validFrom}::date, ${o.validTo}::date, ${assignedById})
    ON CONFLICT (user_id, role_code, coalesce(document_type_id, 0)) DO UPDATE SET
      max_amount = excluded.max_amount, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
      assigned_by_id = excluded.assigned_by_id, updated_at = now()`;
}

/** Takes the role away; whether the user had it. */
export async function deleteAssignment(
  tx: Transaction,
  { userId, roleCode, scope }: { userId: number; roleCode: RoleCode; scope: string },
): Promise<boolean> {
  const removed = await tx.$executeRaw`
    DELETE FROM role_assignments a
    WHERE a.user_id = ${userId} AND a.role_code = ${roleCode} AND ${scope} = coalesce(
      (SELECT 'document_type:' || t.code FROM document_types t WHERE t.id = a.document_type_id), '*')`;
  return removed > 0;
}

/** The document type that a scope names, held until the commit: null for `*`, undefined where there is none. */
export async function findScopeType(tx: Transaction, scope: string): Promise<number | null | undefined> {
  if (scope === '*') return null;
  const code = scope.slice(scope.indexOf(':') + 1);
  const [type] = await tx.$queryRaw<{ id: number }[]>`
    SELECT id FROM document_types WHERE code = ${code} FOR KEY SHARE`;
  return type?.id;
}
