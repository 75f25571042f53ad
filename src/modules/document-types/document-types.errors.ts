import { defineError, type Text } from '../../errors.ts';

export const documentTypeNotFound = defineError('document_types.not_found', 404, {
  fr: 'Type de document non trouvé',
  en: 'Document type not found',
});
export const codeTaken = defineError('document_types.code_taken', 409, {
  fr: 'Ce code est déjà celui d’un autre type de document.',
  en: 'This code already belongs to another document type.',
});
export const builtInCode = defineError('document_types.built_in', 409, {
  fr: 'Le code d’un type d’origine ne change pas, et le type « other » ne se supprime pas.',
  en: 'The code of a built-in type does not change, and the type “other” cannot be deleted.',
});
export const typeInUse = defineError('document_types.in_use', 409, {
  fr: 'Ce type est celui de {count} document(s), corbeille comprise : donnez-leur d’abord un autre type.',
  en: 'This is the type of {count} document(s), the trash included: give them another type first.',
});

export const fieldErrors = {
  code: {
    fr: 'Code : une lettre minuscule, puis lettres minuscules, chiffres ou _, 50 au plus',
    en: 'Code: a lower-case letter, then lower-case letters, digits or _, at most 50',
  },
  folder: {
    fr: 'Dossier : un seul nom, sans / \\ : * ? " < > | ni point ou espace aux extrémités',
    en: 'Folder: a single name, without / \\ : * ? " < > | and no dot or space at either end',
  },
  threshold: {
    fr: 'Montant : positif ou nul, 12 chiffres et 2 décimales au plus',
    en: 'Amount: zero or more, at most 12 digits and 2 decimals',
  },
} satisfies Record<string, Text>;
