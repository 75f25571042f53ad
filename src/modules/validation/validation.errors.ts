import { type AppError, defineError, type Text } from '../../errors.ts';
import { inTrash } from '../documents/documents.errors.ts';
import type { Refusal } from './decide.ts';

const notPending = defineError('validation.not_pending', 409, {
  fr: 'Ce document n’attend pas de décision : {status_fr}.',
  en: 'This document awaits no decision: {status_en}.',
});
const refusals = {
  own_document: defineError('validation.own_document', 403, {
    fr: 'Ce document est le vôtre, vous l’avez soumis, ou votre délégation vient de qui l’a fait : quelqu’un d’autre doit décider.',
    en: 'This document is yours, you submitted it, or your delegation comes from somebody who did: somebody else has to decide.',
  }),
  no_role: defineError('validation.no_role', 403, {
    fr: 'Vous n’avez aucun rôle de validation : demandez-en un à un administrateur.',
    en: 'You have no role that decides on documents: ask an administrator for one.',
  }),
  scope: defineError('validation.scope', 403, {
    fr: 'Vos rôles ne s’étendent pas aux documents de ce type.',
    en: 'Your roles do not cover documents of this type.',
  }),
  expired: defineError('validation.expired', 403, {
    fr: 'Votre rôle pour ce document n’est pas valable aujourd’hui : sa période est passée, ou à venir.',
    en: 'Your role for this document is not valid today: its period is over, or yet to come.',
  }),
  amount: defineError('validation.amount', 403, {
    fr: 'Votre limite est de {limit_fr} {currency} ; ce document en demande {amount_fr}.',
    en: 'Your limit is {currency} {limit_en}; this document needs {amount_en}.',
  }),
} satisfies Record<Exclude<Refusal, 'not_pending'>, ReturnType<typeof defineError>>;

export const alreadyPending = defineError('validation.already_pending', 409, {
  fr: 'Ce document attend déjà une décision.',
  en: 'This document awaits a decision already.',
});
export const alreadyApproved = defineError('validation.already_approved', 409, {
  fr: 'Cette version du document est déjà approuvée.',
  en: 'This version of the document is approved already.',
});
export const delegationNotFound = defineError('validation.delegation_not_found', 404, {
  fr: 'Délégation non trouvée',
  en: 'Delegation not found',
});
export const notYourDelegation = defineError('validation.not_your_delegation', 403, {
  fr: 'Seul qui a délégué, ou un administrateur, met fin à une délégation.',
  en: 'Only who made a delegation, or an administrator, can end it.',
});
export const nothingToDelegate = defineError('validation.nothing_to_delegate', 403, {
  fr: 'Vous n’avez aucun rôle de validation à vous, donc rien à déléguer.',
  en: 'You have no role of your own that decides on documents, hence nothing to lend.',
});
export const tooManyDelegations = defineError('validation.too_many_delegations', 409, {
  fr: 'Vous avez déjà {count} délégations en cours ou à venir : terminez-en une d’abord.',
  en: 'You have {count} delegations in force or to come already: end one first.',
});

export const fieldErrors = {
  commentNeeded: {
    fr: 'Un rejet demande un commentaire : dites ce qui manque',
    en: 'A rejection needs a comment: say what is missing',
  },
  delegate: {
    fr: 'Un autre utilisateur actif',
    en: 'Another active user',
  },
  unknownType: { fr: 'Type de document inconnu', en: 'Unknown document type' },
  period: { fr: 'Avant le premier jour', en: 'Before the first day' },
  past: { fr: 'Ce jour est passé', en: 'This day is over' },
  tooLong: { fr: 'Une délégation dure 366 jours au plus', en: 'A delegation lasts 366 days at most' },
} satisfies Record<string, Text>;

const statusNames: Record<string, Text> = {
  na: { fr: 'aucune validation n’est demandée', en: 'no approval is asked for' },
  approved: { fr: 'il est déjà approuvé', en: 'it is approved already' },
  rejected: { fr: 'il est déjà rejeté', en: 'it is rejected already' },
};

/**
 * Why a user may not decide, as an error whose body has the `reason` of contract §6: 409 where the document awaits
 * no decision, else 403.
 */
export function refusal(o: {
  reason: Refusal;
  limit: number | null;
  document: { status: string; trashed: boolean; amount: number | null; currency: string };
}): AppError {
  const { reason, limit, document } = o;
  const body = { reason };
  if (reason !== 'not_pending') {
    const { currency } = document;
    return refusals[reason]({
      body: limit === null ? body : { ...body, max_amount: limit },
      params: { currency, ...inBoth('limit', limit), ...inBoth('amount', document.amount) },
    });
  }
  if (document.trashed) return inTrash({ body });
  const name = statusNames[document.status];
  return notPending({ body, params: { status_fr: name?.fr ?? '', status_en: name?.en ?? '' } });
}

/** An amount as each language writes it, without its sign. */
function inBoth(name: string, amount: number | null): Record<string, string> {
  const written = (locale: string) => new Intl.NumberFormat(locale).format(Math.abs(amount ?? 0));
  return { [`${name}_fr`]: written('fr'), [`${name}_en`]: written('en') };
}
