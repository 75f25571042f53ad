import { z } from 'zod';
import type { SessionUser } from '../../http/request.ts';
import { success } from '../../http/schemas.ts';
import { passwordInput } from '../users/users.schemas.ts';

export const loginBody = z.strictObject({
  username: z.string().min(1).max(256),
  password: passwordInput.min(1),
});

export const passwordBody = z.strictObject({
  current_password: passwordInput.min(1),
  new_password: passwordInput.describe(
    'At least 10 characters, at most 256; none of the common ones, not the username',
  ),
});

const signedIn = z.object({
  id: z.int(),
  username: z.string(),
  display_name: z.string(),
  email: z.string().nullable(),
  is_admin: z.boolean(),
});

export const sessionAnswer = success(signedIn);
export const doneAnswer = success(z.null());

export function presentSessionUser(user: SessionUser): z.input<typeof signedIn> {
  return {
    id: user.id,
    username: user.username,
    display_name: user.displayName,
    email: user.email,
    is_admin: user.isAdmin,
  };
}
