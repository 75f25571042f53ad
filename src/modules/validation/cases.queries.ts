import type { Database, Transaction } from '../../database/client.ts';
import { documentNotFound } from '../../http/http.errors.ts';
import type { Case, Power } from './decide.ts';

interface CaseRow {
  status: string;
  trashed: boolean;
  ownerId: number;
  submittedById: number | null;
  documentTypeId: number;
  amount: number | null;
  currency: string;
  powers: Power[];
  today: string;
}

/** All that `decide` asks of a document and a user, in one query. A double holds every amount of 14 digits exactly. */
export async function readCase(
  client: Database | Transaction,
  { documentId, userId }: { documentId: number; userId: number },
): Promise<Case & { document: { currency: string } }> {
  const [row] = await client.$queryRaw<CaseRow[]>`
    SELECT d.validation_status AS status, d.trashed_at IS NOT NULL AS trashed, d.owner_id AS "ownerId",
      r.submitted_by_id AS "submittedById", d.document_type_id AS "documentTypeId", d.amount::float8 AS amount,
      d.currency, to_char(CURRENT_DATE, 'YYYY-MM-DD') AS today,
      coalesce((
        SELECT json_agg(json_build_object('role', p.role_code, 'documentTypeId', p.document_type_id,
          'maxAmount', p.max_amount, 'validFrom', to_char(p.valid_from, 'YYYY-MM-DD'),
          'validTo', to_char(p.valid_to, 'YYYY-MM-DD'), 'delegatorId', p.delegator_id))
        FROM validation_powers p WHERE p.user_id = ${userId}), '[]') AS powers
    FROM documents d LEFT JOIN validation_requests r ON r.document_id = d.id
    WHERE d.id = ${documentId}`;
  if (!row) throw documentNotFound();
  const { powers, today, ...document } = row;
  return { document, userId, powers, today };
}

/**
 * Keeps what a user may decide, and those who lent it to them, as it is until the transaction ends: who changes
 * roles, delegations or the account locks the user's row. So a power that was taken away, once that is answered,
 * decides nothing any more.
 */
export async function holdPowers(tx: Transaction, userId: number): Promise<void> {
  await tx.$queryRaw`
    SELECT 1 FROM users WHERE id = ${userId} OR id IN (
      SELECT delegator_id FROM delegations WHERE delegate_id = ${userId} AND revoked_at IS NULL)
    ORDER BY id FOR SHARE`;
}
