import { z } from 'zod';
import { idText, instant } from '../../http/schemas.ts';

export const shareParams = z.strictObject({ id: idText, userId: idText });

export const shareBody = z.strictObject({
  access: z
    .enum(['read', 'write'])
    .describe('read: look and download; write: also change what is said of it and store versions'),
});

const person = z.object({ id: z.int(), username: z.string(), display_name: z.string() });

export const shareAnswer = z.object({
  user: person.extend({ is_active: z.boolean() }),
  access: z.enum(['read', 'write']),
  shared_by: person,
  created_at: instant,
});
export type ShareAnswer = z.output<typeof shareAnswer>;
