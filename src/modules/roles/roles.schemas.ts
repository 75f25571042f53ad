import { z } from 'zod';
import { idText, instant } from '../../http/schemas.ts';
import { date } from '../documents/documents.schemas.ts';
import { fieldErrors } from './roles.errors.ts';
import { roleCodes } from './roles.ts';

const roleCode = z.enum(roleCodes);
export const scope = z
  .string()
  .refine((value) => /^(\*|document_type:[a-z][a-z0-9_]{0,49})$/.test(value), {
    params: { text: fieldErrors.scope },
  })
  .default('*')
  .describe('`*`, or `document_type:<code>`');

export const maxAmount = z
  .number()
  .max(999_999_999_999.99)
  .refine((value) => value >= 0 && Number(value.toFixed(2)) === value, {
    params: { text: fieldErrors.maxAmount },
  });

export const userParams = z.strictObject({ userId: idText });
export const heldRoleParams = z.strictObject({ userId: idText, roleCode });
export const scopeQuery = z.strictObject({ scope });

export const assignBody = z
  .strictObject({
    role_code: roleCode,
    scope,
    max_amount: maxAmount
      .nullish()
      .describe('The highest amount they may decide on, zero or more, at most 2 decimals; null: no limit'),
    valid_from: date.nullish().describe('First day, UTC; null: since ever'),
    valid_to: date.nullish().describe('Last day, UTC; null: for ever'),
  })
  .refine(({ valid_from: from, valid_to: to }) => from == null || to == null || from <= to, {
    path: ['valid_to'],
    params: { text: fieldErrors.period },
  })
  .superRefine(({ role_code: code, ...rest }, context) => {
    if (code !== 'ADMIN') return;
    for (const [field, value] of Object.entries(rest))
      if (value != null && value !== '*')
        context.addIssue({ code: 'custom', path: [field], params: { text: fieldErrors.administrator } });
  });
export type AssignFields = z.output<typeof assignBody>;

export const rolesAnswer = z.object({
  success: z.literal(true),
  roles: z.array(z.object({ code: roleCode, label: z.string() })),
});

export const heldRolesAnswer = z.object({
  success: z.literal(true),
  user_id: z.int(),
  roles: z.array(
    z.object({
      role_code: roleCode,
      label: z.string(),
      scope: z.string(),
      max_amount: z.number().nullable(),
      valid_from: z.iso.date().nullable(),
      valid_to: z.iso.date().nullable(),
      active: z.boolean().describe('Whether it holds today: within its days, and of an active user'),
      assigned_by: z
        .object({ id: z.int(), username: z.string() })
        .nullable()
        .describe('Who assigned it last; null: an administrator is one by their account'),
      created_at: instant.nullable(),
    }),
  ),
});
