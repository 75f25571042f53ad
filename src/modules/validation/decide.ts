import { type RoleCode, roleCodes } from '../roles/roles.ts';

/** A power to decide, as the view `validation_powers` has it: one's own, or lent by somebody. */
export interface Power {
  role: RoleCode;
  /** null: of every type */
  documentTypeId: number | null;
  /** null: no limit */
  maxAmount: number | null;
  /** `YYYY-MM-DD`, both days included, UTC; null: no bound */
  validFrom: string | null;
  validTo: string | null;
  /** who lent it; null: one's own */
  delegatorId: number | null;
}

/** What a decision depends on, all of one moment. */
export interface Case {
  document: {
    status: string;
    trashed: boolean;
    ownerId: number;
    /** null: approval was never asked for */
    submittedById: number | null;
    documentTypeId: number;
    amount: number | null;
  };
  userId: number;
  powers: Power[];
  /** `YYYY-MM-DD`, UTC */
  today: string;
}

export type Refusal = 'not_pending' | 'own_document' | 'no_role' | 'scope' | 'expired' | 'amount';

export type Verdict =
  | { can: true; role: RoleCode; maxAmount: number | null; delegatorId: number | null }
  | {
      can: false;
      reason: Refusal /** the highest limit the user has, where the amount is above it */;
      limit: number | null;
    };

const unlimited = (amount: number | null) => amount ?? Number.POSITIVE_INFINITY;

/** The smallest role first, one's own before a lent one, then the one that reaches furthest. */
function byModesty(one: Power, other: Power): number {
  const lent = (power: Power) => Number(power.delegatorId !== null);
  const reach = (power: Power) => Math.min(unlimited(power.maxAmount), Number.MAX_VALUE);
  return (
    roleCodes.indexOf(one.role) - roleCodes.indexOf(other.role) ||
    lent(one) - lent(other) ||
    Math.sign(reach(other) - reach(one)) ||
    (one.delegatorId ?? 0) - (other.delegatorId ?? 0)
  );
}

/**
 * Whether a user may decide on a document, by which power, or why not (contract §6). Each question is asked of the
 * powers that passed the ones before, so the reason is that of the power that came furthest: who has a role for
 * this kind of document that ended hears `expired`, whatever other roles they hold. The amount is compared without
 * its sign, and as a number whatever the currency; no amount is zero.
 *
 * The database says the same of all documents at once (`validation_deciders`); a test holds the two together.
 */
export function decide({ document, userId, powers, today }: Case): Verdict {
  const refuse = (reason: Refusal, limit: number | null = null): Verdict => ({ can: false, reason, limit });
  if (document.status !== 'pending' || document.trashed) return refuse('not_pending');

  const concerned = [document.ownerId, document.submittedById];
  if (concerned.includes(userId)) return refuse('own_document');
  if (powers.length === 0) return refuse('no_role');
  // What the owner may not do, nobody does for them.
  const impartial = powers.filter(
    ({ delegatorId }) => delegatorId === null || !concerned.includes(delegatorId),
  );
  if (impartial.length === 0) return refuse('own_document');
  const inScope = impartial.filter((power) => [null, document.documentTypeId].includes(power.documentTypeId));
  if (inScope.length === 0) return refuse('scope');
  const valid = inScope.filter(
    ({ validFrom, validTo }) => (validFrom ?? today) <= today && today <= (validTo ?? today),
  );
  if (valid.length === 0) return refuse('expired');
  const amount = Math.abs(document.amount ?? 0);
  const [power] = valid.filter(({ maxAmount }) => amount <= unlimited(maxAmount)).sort(byModesty);
  if (!power) return refuse('amount', Math.max(...valid.map(({ maxAmount }) => unlimited(maxAmount))));
  return { can: true, role: power.role, maxAmount: power.maxAmount, delegatorId: power.delegatorId };
}
