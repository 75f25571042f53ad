import { z } from 'zod';
import { idNumber, instant } from '../../http/schemas.ts';
import { changedRuleFields, documentCount, newRuleFields, shownRuleFields } from './rules/rules.schemas.ts';
import { fieldErrors } from './tags.errors.ts';

const name = z.string().trim().normalize().min(1).max(100);
const color = z
  .string()
  .toLowerCase()
  .refine((value) => /^#[0-9a-f]{6}$/.test(value), { params: { text: fieldErrors.color } })
  .meta({ pattern: '^#[0-9A-Fa-f]{6}$' })
  .describe('#rrggbb');
const parent = idNumber.nullable().describe('The tag above it; null: none');

export const createTagBody = z.strictObject({
  name: name.describe('Names differ, in any case, among the tags below one'),
  color: color.nullish().describe('#rrggbb; default #808080'),
  parent_id: parent.optional(),
  ...newRuleFields,
});
export type NewTag = z.output<typeof createTagBody>;

export const updateTagBody = z.strictObject({
  name: name.optional(),
  color: color.optional(),
  parent_id: parent.optional(),
  ...changedRuleFields,
});
export type TagChanges = z.output<typeof updateTagBody>;

export const tagAnswer = z.object({
  id: z.int(),
  name: z.string(),
  color: z.string(),
  ...shownRuleFields,
  parent_id: z.int().nullable(),
  document_count: documentCount,
  created_at: instant,
  updated_at: instant,
});
export type TagAnswer = z.output<typeof tagAnswer>;
