import type { Text } from '../../errors.ts';

/** The roles of seed 004, in its order. An administrator is one by `users.is_admin`, the others by assignments. */
export const roleLabels = {
  VALIDATOR_L1: { fr: 'Validateur Niveau 1', en: 'Level 1 validator' },
  VALIDATOR_L2: { fr: 'Validateur Niveau 2', en: 'Level 2 validator' },
  APPROVER: { fr: 'Approbateur', en: 'Approver' },
  ADMIN: { fr: 'Administrateur', en: 'Administrator' },
} satisfies Record<string, Text>;

export type RoleCode = keyof typeof roleLabels;

export const roleCodes = Object.keys(roleLabels) as [RoleCode, ...RoleCode[]];
