import { parseOptions } from '@node-rs/argon2';
import { describe, expect, test } from 'vitest';
import {
  dummyHash,
  findPasswordProblem,
  hashPassword,
  verifyPassword,
} from '../../../src/modules/users/password.ts';
import { normalizeUsername } from '../../../src/modules/users/username.ts';
import { passwordTexts } from '../../../src/modules/users/users.errors.ts';

const problem = (password: string, username = 'marie') => findPasswordProblem({ password, username });

describe('a new password', () => {
  test('has at least 10 and at most 256 characters, as a person counts them', () => {
    expect(problem('vélo-bleu')).toBe(passwordTexts.tooShort);
    expect(problem('vélo-bleu!')).toBeUndefined();
    expect(problem('🚲vélo-bleu'.slice(0, 10))).toBe(passwordTexts.tooShort);
    expect(problem('ab'.repeat(128))).toBeUndefined();
    expect(problem(`${'ab'.repeat(128)}c`)).toBe(passwordTexts.tooLong);
  });

  test('decomposed accents do not make it longer', () => {
    expect(problem('élèves-né'.normalize('NFD'))).toBe(passwordTexts.tooShort);
  });

  test('is none of the common ones, in any case', () => {
    for (const common of ['password123', 'PassWord123', 'QWERTYUIOP', '1q2w3e4r5t', '1234567890']) {
      expect(problem(common), common).toBe(passwordTexts.common);
    }
  });

  test('is not the username, nor one character repeated', () => {
    expect(problem('Marie.Dupont@Example', 'marie.dupont@example')).toBe(passwordTexts.username);
    expect(problem('zzzzzzzzzzzz')).toBe(passwordTexts.repeated);
    expect(problem('zZzZzZzZzZzZ')).toBe(passwordTexts.repeated);
  });
});

describe('a stored password', () => {
  test('is an argon2id hash with a salt of its own, which only the same password matches', async () => {
    const [one, two] = await Promise.all([hashPassword('vélo-bleu-42'), hashPassword('vélo-bleu-42')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(two);
    expect(await verifyPassword('vélo-bleu-42', one)).toBe(true);
    expect(await verifyPassword('vélo-bleu-43', one)).toBe(false);
  });

  test('matches from a keyboard that sends accents in two code points', async () => {
    const stored = await hashPassword('vélo-bleu-42'.normalize('NFC'));
    expect(await verifyPassword('vélo-bleu-42'.normalize('NFD'), stored)).toBe(true);
  });

  test('costs as much to refuse where there is none', async () => {
    expect(parseOptions(dummyHash)).toEqual(parseOptions(await hashPassword('vélo-bleu-42')));
    expect(await verifyPassword('vélo-bleu-42', undefined)).toBe(false);
  });
});

test('a username is 1 to 64 letters, digits or . _ @ -, in one spelling', () => {
  expect(normalizeUsername('Marie-Hélène.D_1@exemple'.normalize('NFD'))).toBe('Marie-Hélène.D_1@exemple');
  expect(normalizeUsername('ｍａｒｉｅ')).toBe('marie');
  expect(normalizeUsername('山'.repeat(64))).toBe('山'.repeat(64));
  for (const bad of ['', ' ', 'a b', 'a/b', 'a\nb', 'a\u202Eb', '<a>', 'a'.repeat(65), 'ﷺ']) {
    expect(normalizeUsername(bad), JSON.stringify(bad)).toBeUndefined();
  }
});
