import { z } from 'zod';
import { idNumber, instant } from '../../http/schemas.ts';
import { date } from '../documents/documents.schemas.ts';
import { maxAmount, scope } from '../roles/roles.schemas.ts';
import { fieldErrors } from './validation.errors.ts';

export const delegateBody = z
  .strictObject({
    delegate_id: idNumber.describe('The user who may decide in the caller’s place'),
    valid_from: date.describe('First day, UTC'),
    valid_to: date.describe('Last day, UTC; at most 366 days in all'),
    scope: scope.describe('`*`, or `document_type:<code>`: within what the caller may decide'),
    max_amount: maxAmount.nullish().describe('null: as far as the caller’s own limits'),
  })
  .refine(({ valid_from: from, valid_to: to }) => from <= to, {
    path: ['valid_to'],
    params: { text: fieldErrors.period },
  })
  .refine(
    ({ valid_from: from, valid_to: to }) => Date.parse(to) - Date.parse(from) < 366 * 24 * 3600 * 1000,
    {
      path: ['valid_to'],
      params: { text: fieldErrors.tooLong },
    },
  );
export type DelegateFields = z.output<typeof delegateBody>;

const person = z.object({ id: z.int(), username: z.string(), display_name: z.string() });

export const delegationAnswer = z.object({
  id: z.int(),
  delegator: person,
  delegate: person,
  scope: z.string(),
  max_amount: z.number().nullable(),
  valid_from: z.iso.date(),
  valid_to: z.iso.date(),
  active: z.boolean().describe('Whether it is in force today'),
  created_at: instant,
  revoked_at: instant.nullable(),
});
export type DelegationAnswer = z.output<typeof delegationAnswer>;

export const delegationsAnswer = z.object({
  success: z.literal(true),
  data: z.object({
    made: z.array(delegationAnswer).describe('By the caller, the latest first; the last 200'),
    received: z.array(delegationAnswer).describe('To the caller, the latest first; the last 200'),
  }),
});
