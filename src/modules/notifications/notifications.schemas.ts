import { z } from 'zod';
import { instant, intText, success } from '../../http/schemas.ts';

export const priorities = ['urgent', 'high', 'normal', 'low'] as const;

export const notificationAnswer = z.object({
  id: z.int(),
  type: z.string().describe('Its kind, such as `validation_pending`'),
  title: z.string(),
  message: z.string(),
  link: z.string().nullable().describe('The document it is about, as `/documents/{id}`'),
  is_read: z.boolean(),
  priority: z.enum(priorities),
  created_at: instant,
});
export type NotificationAnswer = z.output<typeof notificationAnswer>;

export const listQuery = z.strictObject({
  limit: intText({ min: 1, max: 200 }).default(50).describe('How many at most'),
  offset: intText({ min: 0 }).default(0).describe('How many to leave out, from the newest'),
});

export const listAnswer = success(z.array(notificationAnswer));
export const oneAnswer = success(notificationAnswer);

const count = z.int().min(0);
export const unreadCounts = z.object({
  count: count.describe('All unread'),
  by_priority: z.object({ urgent: count, high: count, normal: count, low: count }),
});
export type UnreadCounts = z.output<typeof unreadCounts>;

export const unreadAnswer = z.object({
  success: z.literal(true),
  ...unreadCounts.shape,
  notifications: z.array(notificationAnswer).describe('The most urgent, then the newest; at most 50'),
});

export const readAllAnswer = z.object({
  success: z.literal(true),
  count: count.describe('How many were unread'),
});

/** What a browser says of itself when it opens a stream again. */
export const streamHeaders = z.looseObject({
  'last-event-id': intText({ min: 0 })
    .optional()
    .describe('The `id` of the last event received: newer ones come first, at most 200'),
});
