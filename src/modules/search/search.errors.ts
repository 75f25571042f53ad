import type { Text } from '../../errors.ts';

export const fieldErrors = {
  amount: {
    fr: 'Montant : 12 chiffres au plus devant le point, 2 au plus derrière',
    en: 'Amount: at most 12 digits before the point, at most 2 after',
  },
} satisfies Record<string, Text>;
