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

export const createTypeBody = z.strictObject({ code, label, folder });
export const updateTypeBody = createTypeBody.partial();

export const typeAnswer = z.object({
  id: z.int(),
  code: z.string(),
  label: z.string(),
  folder: z.string(),
  created_at: instant,
  updated_at: instant,
});
