import { z } from 'zod';
import { instant } from '../../http/schemas.ts';
import { safeName } from '../documents/filing.ts';
import { fieldErrors } from './document-types.errors.ts';

const code = z
  .string()
  .refine((value) => /^[a-z][a-z0-9_]{0,49}$/.test(value), { params: { text: fieldErrors.code } });
const label = z.string().trim().normalize().min(1).max(100);
const folder = z
  .string()
  .normalize()
  .min(1)
  .max(100)
  // What would be renamed on the way to a target is refused here.
  .refine((value) => safeName(value) === value, { params: { text: fieldErrors.folder } })
  .describe('The folder its documents are filed under on every target');

const requiresApproval = z.boolean().describe('Whether every document of the type needs approval');
const approvalThreshold = z
  .number()
  .max(999_999_999_999.99)
  .refine((value) => value >= 0 && Number(value.toFixed(2)) === value, {
    params: { text: fieldErrors.threshold },
  })
  .nullable()
  .describe('A document whose amount is above this needs approval; null: the server’s APPROVAL_THRESHOLD');
const approvalDays = z
  .int()
  .min(1)
  .max(365)
  .nullable()
  .describe('Days from the submission of a document to its deadline; null: 7');

export const createTypeBody = z.strictObject({
  code,
  label,
  folder,
  requires_approval: requiresApproval.optional().describe('Default: false'),
  approval_threshold: approvalThreshold.optional(),
  approval_days: approvalDays.optional(),
});
export const updateTypeBody = createTypeBody.partial();

export const typeAnswer = z.object({
  id: z.int(),
  code: z.string(),
  label: z.string(),
  folder: z.string(),
  requires_approval: z.boolean(),
  approval_threshold: z.number().nullable(),
  approval_days: z.int().nullable(),
  created_at: instant,
  updated_at: instant,
});
