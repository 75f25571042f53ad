import { hash, type Options, verify } from '@node-rs/argon2';
import commonPasswords from '@zxcvbn-ts/language-common/src/passwords.json' with { type: 'json' };
import type { Text } from '../../errors.ts';
import { passwordTexts, weakPassword } from './users.errors.ts';

/** argon2id as the OWASP Password Storage Cheat Sheet has it: 19 MiB, 2 passes, 1 lane. */
const memoryCost = 19_456; // KiB
const timeCost = 2;
const parallelism = 1;
const argon2id: Options = { memoryCost, timeCost, parallelism };

/** In code points, after normalisation (contract §3). */
export const minPasswordLength = 10;
export const maxPasswordLength = 256;

/**
 * Nobody's password, hashed with the parameters above: verified where there is no user, so that the time of
 * the answer does not tell. A test holds the parameters equal.
 */
export const dummyHash =
  '$argon2id$v=19$m=19456,t=2,p=1$3PzwhREr6qLh0S0/fsu6qQ$0NjyYKy0PYMvTsB7UlZDGuuN/DPMVlhRbPoQTuGymFM';

/** The same characters from every keyboard: é may arrive as one code point or as two (NIST SP 800-63B). */
const normalize = (password: string) => password.normalize('NFKC');
const fold = (text: string) => text.normalize('NFKC').toLowerCase();

/** Those long enough to be chosen at all; the list is in lower case. */
const common = new Set(commonPasswords.filter((password) => [...password].length >= minPasswordLength));

/** Which rule a new password breaks, as a sentence; undefined when it is good. */
export function findPasswordProblem({
  password,
  username,
}: {
  password: string;
  username: string;
}): Text | undefined {
  const characters = [...normalize(password)];
  if (characters.length < minPasswordLength) return passwordTexts.tooShort;
  if (characters.length > maxPasswordLength) return passwordTexts.tooLong;
  const folded = fold(password);
  if (new Set(folded).size === 1) return passwordTexts.repeated;
  if (folded === fold(username)) return passwordTexts.username;
  if (common.has(folded)) return passwordTexts.common;
  return undefined;
}

/** 400 `users.weak_password` with the broken rule under the field's name. */
export function requireGoodPassword(o: { password: string; username: string; field: string }): void {
  const problem = findPasswordProblem(o);
  if (problem) throw weakPassword({ fields: { [o.field]: [problem] } });
}

/** The PHC string to store. About 25 ms of a core and 19 MiB while it lasts. */
export function hashPassword(password: string): Promise<string> {
  return hash(normalize(password), argon2id);
}

/** Takes as long, and says no, when there is no hash to compare with. */
export async function verifyPassword(password: string, passwordHash: string | undefined): Promise<boolean> {
  const matches = await verify(passwordHash ?? dummyHash, normalize(password));
  return passwordHash !== undefined && matches;
}
