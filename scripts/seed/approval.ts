import { type Owner, validators } from './members.ts';
import type { Random } from './random.ts';

/** In hundredths: invoices from here on are approved before they are paid. */
const threshold = 1000_00;
const dayMs = 24 * 60 * 60 * 1000;
/** What is younger waits. */
const waitingDays = 10;
const newsDays = 45;
/** From this position on nothing waits, so that however long the sequence, a few thousand papers at most do. */
const waitingUntil = 1_000_000;

export interface Validator {
  name: Owner;
  role: 'VALIDATOR_L1' | 'VALIDATOR_L2' | 'APPROVER' | 'ADMIN';
}

export interface Decision extends Validator {
  status: 'approved' | 'rejected';
  at: Date;
  comment: string | null;
  /** young enough for the submitter's notification to be there still */
  isNews: boolean;
}

/** The approval of a synthetic paper; its owner asked for it. */
export interface Approval {
  /** asked for by a person, not because of the amount */
  byHand: boolean;
  submittedAt: Date;
  /** who may decide, the lowest level first and the administrator last; never empty */
  validators: Validator[];
  /** no role reaches it: it is the administrators' */
  escalated: boolean;
  /** milliseconds, where it still waits: for so long on the day it is loaded, whichever that is */
  waitsFor: number | null;
  decision: Decision | null;
}

const comments = {
  approved: ['Conforme', 'Montant vérifié', 'OK', 'Approved as ordered', 'Bon à payer'],
  rejected: [
    'Montant différent de l’offre',
    'Information manquante',
    'Déjà payée en début de mois',
    'Wrong cost centre',
    'Le numéro de commande manque',
  ],
};

/** Who may decide: those whose limit reaches the amount, and the administrator; never the owner. */
function validatorsOf(o: { owner: Owner; type: string; cents: number }): Validator[] {
  const able = validators
    .filter(({ role }) => (role.type === null || role.type === o.type) && o.cents <= role.maxAmount * 100)
    .map(({ username, role }): Validator => ({ name: username, role: role.code }));
  return [...able, { name: 'administrator', role: 'ADMIN' } as const].filter(({ name }) => name !== o.owner);
}

/** Whether a paper was or is to be approved, and how that went; null: it never needed to be. */
export function approvalOf(
  random: Random,
  o: {
    position: number;
    owner: Owner;
    type: string;
    cents: number | null;
    createdAt: Date;
    /** when the sequence ends */
    epoch: number;
  },
): Approval | null {
  if (o.cents === null) return null;
  const byRule = o.type === 'invoice' && o.cents >= threshold;
  if (!byRule && !random.chance(0.02)) return null;
  const able = validatorsOf({ ...o, cents: o.cents });
  // The lowest level has most of the work.
  const decider = able[random.chance(0.6) ? 0 : random.below(able.length)];
  if (!decider) return null;

  const byHand = !byRule;
  const submittedAt = new Date(o.createdAt.getTime() + (byHand ? Math.floor(random.unit() * dayMs) : 0));
  const asked = { byHand, submittedAt, validators: able, escalated: able[0]?.role === 'ADMIN' };
  const age = o.epoch - submittedAt.getTime();
  if (age > 0 && age < waitingDays * dayMs && o.position < waitingUntil)
    return { ...asked, waitsFor: age, decision: null };

  const took = Math.floor(random.unit() ** 2 * 9 * dayMs) + 60_000;
  const status = random.chance(0.91) ? 'approved' : 'rejected';
  const at = new Date(submittedAt.getTime() + took);
  return {
    ...asked,
    waitsFor: null,
    decision: {
      ...decider,
      status,
      at,
      comment: status === 'rejected' || random.chance(0.3) ? random.pick(comments[status]) : null,
      isNews: o.epoch - at.getTime() < newsDays * dayMs,
    },
  };
}
