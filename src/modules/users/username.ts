/** 1–64 letters (with their marks), digits, `.`, `_`, `@` and `-`, counted as PostgreSQL counts: in code points. */
const pattern = /^[\p{L}\p{M}\p{N}._@-]{1,64}$/u;

/**
 * The one spelling a username is stored and looked up in (NFKC, as typed on any keyboard), or undefined when
 * it cannot be one. Case is kept; the database compares without it.
 */
export function normalizeUsername(given: string): string | undefined {
  const username = given.normalize('NFKC');
  return pattern.test(username) ? username : undefined;
}
