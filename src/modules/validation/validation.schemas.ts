import { z } from 'zod';
import { idText, instant, intText } from '../../http/schemas.ts';
import { roleCodes } from '../roles/roles.ts';
import { fieldErrors } from './validation.errors.ts';

const status = z.enum(['na', 'pending', 'approved', 'rejected']);
const decision = z.enum(['approved', 'rejected', 'na']).describe('`na`: no approval is needed after all');
const role = z.enum(roleCodes);
const person = z.object({ id: z.int(), username: z.string() });
const ok = z.literal(true);

const comment = z.string().trim().normalize().max(2000);
const reason = comment.refine((value) => value !== '', { params: { text: fieldErrors.commentNeeded } });

export const commentBody = z.strictObject({ comment: comment.nullish() });
export const rejectBody = z.strictObject({ comment: reason.describe('What is missing or wrong') });
export const decisionBody = z
  .strictObject({
    status: decision,
    comment: comment.nullish().describe('At most 2,000 characters; a rejection needs one'),
  })
  .refine((body) => body.status !== 'rejected' || Boolean(body.comment), {
    path: ['comment'],
    params: { text: fieldErrors.commentNeeded },
  });

export const decisionAnswer = z.object({
  success: ok,
  status: decision,
  validated_by: z.int().describe('Who decided: the id of a user'),
  role: role.describe('The role it was decided by'),
  on_behalf_of: z.int().nullable().describe('Whose role that is, where it was lent'),
});

export const pendingQuery = z.strictObject({
  limit: intText({ min: 1, max: 200 }).default(50).describe('How many documents at most'),
});

const pendingRow = z.object({
  id: z.int(),
  title: z.string(),
  amount: z.number().nullable(),
  currency: z.string(),
  document_type_id: z.int(),
  document_type_code: z.string(),
  document_type_label: z.string(),
  version: z.int(),
  submitted_by: person,
  submitted_at: instant,
  approval_deadline: instant,
  days_until_deadline: z.int().describe('0: today; negative: overdue'),
  escalated: z.boolean().describe('Whether it went to the administrators'),
});
export type PendingRow = z.output<typeof pendingRow>;

export const pendingAnswer = z.object({
  success: ok,
  count: z.int().describe('How many await the caller’s decision, shown or not'),
  documents: z.array(pendingRow),
});

const statusRow = z.object({
  document_id: z.int(),
  status,
  validated_by: person.nullable(),
  validated_at: instant.nullable(),
  comment: z.string().nullable(),
  requires_approval: z.boolean().describe('Whether it awaits a decision now'),
  version: z.int(),
  amount: z.number().nullable(),
  currency: z.string(),
  role: role.nullable().describe('The role it was decided by'),
  on_behalf_of: person.nullable().describe('Whose role that is, where it was lent'),
  submitted_by: person.nullable(),
  submitted_at: instant.nullable(),
  approval_deadline: instant.nullable(),
  escalated: z.boolean().describe('Whether it went to the administrators'),
});
export type StatusRow = z.output<typeof statusRow>;
export const statusAnswer = statusRow.extend({ success: ok });

const historyRow = z.object({
  action: z.enum(['submitted', 'resubmitted', 'approved', 'rejected', 'dismissed', 'withdrawn', 'escalated']),
  from_status: status.nullable().describe('null: the first step'),
  to_status: status,
  performed_by: z.int().nullable().describe('null: the server itself'),
  username: z.string().nullable(),
  created_at: instant,
  comment: z.string().nullable(),
  role: role.nullable(),
  on_behalf_of: person.nullable(),
  version: z.int(),
  amount: z.number().nullable(),
  currency: z.string(),
});
export type HistoryRow = z.output<typeof historyRow>;
export const historyAnswer = z.object({ success: ok, document_id: z.int(), history: z.array(historyRow) });

const period = z.enum(['day', 'week', 'month', 'year']);
export type Period = z.output<typeof period>;
export const statisticsQuery = z.strictObject({
  period: period.default('month').describe('The day, week, month or year that ends now'),
  user_id: idText.optional().describe('Only the decisions of this validator, and what awaits them'),
});
const figure = z.object({ count: z.int(), total_amount: z.number(), avg_amount: z.number() });
const statistics = z.object({ approved: figure, rejected: figure, pending: figure });
export type Statistics = z.output<typeof statistics>;
export const statisticsAnswer = z.object({ success: ok, period, statistics });

export const canValidateAnswer = z.object({
  success: ok,
  document_id: z.int(),
  can_validate: z.boolean(),
  role: role.nullable(),
  max_amount: z.number().nullable().describe('The limit of that role; null: none'),
  on_behalf_of: z.int().nullable().describe('Whose role that is, where it was lent'),
  reason: z.enum(['not_pending', 'own_document', 'no_role', 'scope', 'expired', 'amount']).optional(),
  message: z.string().optional().describe('The reason as a sentence'),
});
