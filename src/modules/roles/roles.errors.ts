import { defineError, type Text } from '../../errors.ts';

export const roleNotHeld = defineError('roles.not_held', 404, {
  fr: 'Cet utilisateur n’a pas ce rôle avec cette portée.',
  en: 'This user does not have this role with this scope.',
});
export const userInactive = defineError('roles.user_inactive', 409, {
  fr: 'Cet utilisateur est désactivé : réactivez-le d’abord.',
  en: 'This user is deactivated: reactivate them first.',
});

export const fieldErrors = {
  scope: {
    fr: 'Portée : * ou document_type:<code d’un type de document>',
    en: 'Scope: * or document_type:<code of a document type>',
  },
  unknownType: { fr: 'Type de document inconnu', en: 'Unknown document type' },
  maxAmount: {
    fr: 'Montant : positif ou nul, 12 chiffres et 2 décimales au plus',
    en: 'Amount: zero or more, at most 12 digits and 2 decimals',
  },
  period: { fr: 'Avant le début de la période', en: 'Before the beginning of the period' },
  administrator: {
    fr: 'Un administrateur l’est pour tout, sans limite ni dates',
    en: 'An administrator is one for everything, without limit or dates',
  },
} satisfies Record<string, Text>;
