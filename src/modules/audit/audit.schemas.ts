import { z } from 'zod';
import { idText, instant, pageQuery, success, successPage } from '../../http/schemas.ts';
import { dateOrTime } from '../documents/documents.schemas.ts';

export const auditQuery = z.strictObject({
  ...pageQuery,
  user_id: idText.optional().describe('Who did it'),
  action: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe('How the action begins: `roles.` finds `roles.assign` and `roles.remove`'),
  object_type: z.string().min(1).max(100).optional().describe('What it was done to, such as `user`'),
  object_id: z.string().min(1).max(100).optional(),
  outcome: z.enum(['success', 'refused', 'failed']).optional(),
  from: dateOrTime.optional().describe('Inclusive; a date means that whole day, UTC'),
  to: dateOrTime.optional().describe('Inclusive; a date means that whole day, UTC'),
});
export type AuditQuery = z.output<typeof auditQuery>;

const entryAnswer = z.object({
  id: z.int(),
  created_at: instant,
  user: z
    .object({ id: z.int(), username: z.string() })
    .nullable()
    .describe('Who did it, by the name they had; null: nobody was signed in, or the server itself'),
  address: z.string().nullable().describe('From where; null: the server itself'),
  action: z.string(),
  object_type: z.string().nullable(),
  object_id: z.string().nullable(),
  outcome: z.enum(['success', 'refused', 'failed']),
  details: z.record(z.string(), z.unknown()),
});
export type EntryAnswer = z.output<typeof entryAnswer>;

export const manyEntries = successPage(entryAnswer);

export const verifyAnswer = success(
  z.object({
    checked: z.int().describe('Entries that were read'),
    intact: z.boolean(),
    first_broken_id: z.int().nullable().describe('The first entry that was changed, or is missing'),
  }),
);
