import { z } from 'zod';
import { instant, pageQuery, success, successPage } from '../../http/schemas.ts';
import { minPasswordLength } from './password.ts';
import { normalizeUsername } from './username.ts';
import { usernameText } from './users.errors.ts';
import type { User } from './users.service.ts';

/** Code units: the rules themselves count characters, after normalisation. */
export const passwordInput = z.string().max(1024);

const newPassword = passwordInput.describe(
  `At least ${minPasswordLength} characters, at most 256; none of the common ones, not the username`,
);

const username = z
  .string()
  .max(256)
  .transform((given, context) => {
    const normalized = normalizeUsername(given);
    if (normalized !== undefined) return normalized;
    context.addIssue({ code: 'custom', params: { text: usernameText } });
    return z.NEVER;
  })
  .meta({ type: 'string', minLength: 1, maxLength: 64, description: usernameText.en });

const displayName = z.string().trim().min(1).max(200);
const email = z.email().max(254).nullable();

export const createUserBody = z.strictObject({
  username,
  password: newPassword,
  display_name: displayName.optional().describe('The username where absent'),
  email: email.optional(),
  is_admin: z.boolean().default(false),
});

export const patchUserBody = z.strictObject({
  username: username.optional(),
  password: newPassword.optional(),
  display_name: displayName.optional(),
  email: email.optional(),
  is_admin: z.boolean().optional(),
  is_active: z.boolean().optional(),
});

export const usersQuery = z.strictObject(pageQuery);

const userAnswer = z.object({
  id: z.int(),
  username: z.string(),
  display_name: z.string(),
  email: z.string().nullable(),
  is_admin: z.boolean(),
  is_active: z.boolean(),
  created_at: instant,
  updated_at: instant,
});

export const oneUser = success(userAnswer);
export const manyUsers = successPage(userAnswer);

/** What everybody may know of the others. */
export const directoryAnswer = successPage(userAnswer.pick({ id: true, username: true, display_name: true }));

export function presentUser(user: User): z.input<typeof userAnswer> {
  return {
    id: user.id,
    username: user.username,
    display_name: user.displayName,
    email: user.email,
    is_admin: user.isAdmin,
    is_active: user.isActive,
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
  };
}
