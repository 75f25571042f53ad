import { z } from 'zod';
import { instant } from '../../http/schemas.ts';
import {
  changedRuleFields,
  documentCount,
  newRuleFields,
  shownRuleFields,
} from '../tags/rules/rules.schemas.ts';

const name = z.string().trim().normalize().min(1).max(255);

export const createCorrespondentBody = z.strictObject({
  name: name.describe('Names differ, in any case'),
  ...newRuleFields,
});
export type NewCorrespondent = z.output<typeof createCorrespondentBody>;

export const updateCorrespondentBody = z.strictObject({ name: name.optional(), ...changedRuleFields });
export type CorrespondentChanges = z.output<typeof updateCorrespondentBody>;

export const correspondentAnswer = z.object({
  id: z.int(),
  name: z.string(),
  ...shownRuleFields,
  document_count: documentCount,
  created_at: instant,
  updated_at: instant,
});
export type CorrespondentAnswer = z.output<typeof correspondentAnswer>;
