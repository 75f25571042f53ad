import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { accountThreshold } from '../../../src/modules/auth/login-guard.ts';
import { createUsersService } from '../../../src/modules/users/users.service.ts';
import { startTestApp } from '../../support/app.ts';

const password = 'vélo-bleu-42';
const newPassword = 'neige-au-sol';
let server: Awaited<ReturnType<typeof startTestApp>>;

beforeAll(async () => {
  server = await startTestApp();
});
afterAll(() => server.close());
beforeEach(async () => {
  await server.db.$executeRaw`TRUNCATE users, sessions, login_attempts CASCADE`;
  await createUsersService({ db: server.db }).create({
    username: 'marie',
    password,
    displayName: 'Marie D.',
  });
});

const call = (method: 'GET' | 'POST', path: string, cookie?: string, payload?: object, headers = {}) =>
  server.app.inject({
    method,
    url: `/api/v1${path}`,
    headers: { ...headers, ...(cookie && { cookie }) },
    ...(payload && { payload }),
  });

type Answer = Awaited<ReturnType<typeof call>>;
const cookieOf = (answer: Answer) => answer.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
const login = (o: { username?: string; password?: string } = {}, cookie?: string, headers = {}) =>
  call('POST', '/auth/login', cookie, { username: 'marie', password, ...o }, headers);
const signIn = async () => cookieOf(await login());
const statusOfMe = async (cookie: string) => (await call('GET', '/auth/me', cookie)).statusCode;

describe('signing in', () => {
  test('answers with the user and a session cookie that scripts and other sites do not get', async () => {
    const answer = await login();
    expect(answer.statusCode).toBe(200);
    const [user] = await server.db.user.findMany();
    const data = { id: user?.id, username: 'marie', display_name: 'Marie D.', email: null, is_admin: false };
    expect(answer.json()).toEqual({ success: true, data });
    expect(answer.cookies).toMatchObject([
      { name: 'classeur_session', path: '/', httpOnly: true, sameSite: 'Lax' },
    ]);
    expect((await call('GET', '/auth/me', cookieOf(answer))).json()).toEqual({ success: true, data });
  });

  test('is refused with one answer for an unknown name, a wrong password and a deactivated user', async () => {
    const users = createUsersService({ db: server.db });
    const { id } = await users.create({ username: 'paul', password });
    await users.deactivate(id);
    const answers = await Promise.all([
      login({ username: 'nobody' }),
      login({ username: 'not a name' }),
      login({ password: 'wrong-password' }),
      login({ username: 'paul' }),
    ]);
    for (const answer of answers) {
      expect(answer.statusCode).toBe(401);
      expect(answer.cookies).toEqual([]);
      expect({ ...answer.json(), request_id: '' }).toEqual({ ...answers[0]?.json(), request_id: '' });
    }
    expect(answers[0]?.json()).toMatchObject({
      success: false,
      error: true,
      code: 'auth.invalid_credentials',
    });
  });

  test('gives the session a new id, and the old one is dead', async () => {
    const old = await signIn();
    const answer = await login({}, old);
    expect(answer.cookies).toHaveLength(1);
    expect(cookieOf(answer)).not.toBe(old);
    expect(await statusOfMe(old)).toBe(401);
    expect(await statusOfMe(cookieOf(answer))).toBe(200);
    expect(await server.db.session.count()).toBe(1);
  });

  test('does not take an id that the caller chose', async () => {
    const answer = await login({}, 'classeur_session=chosen');
    expect(answer.cookies).toHaveLength(1);
    expect(answer.cookies[0]?.value).not.toContain('chosen');
    expect(await statusOfMe(cookieOf(answer))).toBe(200);
  });

  test('refuses unknown keys and missing ones by name', async () => {
    const answer = await call('POST', '/auth/login', undefined, { username: 'marie', remember: true });
    expect(answer.statusCode).toBe(400);
    expect(Object.keys(answer.json().errors).sort()).toEqual(['password', 'remember']);
  });
});

describe('guessing', () => {
  test('locks: 429 with Retry-After in the form of every failure, whatever the password', async () => {
    await server.db.loginAttempt.create({ data: { key: 'account:marie', failures: accountThreshold + 8 } });
    expect((await login({ password: 'wrong-password' })).statusCode).toBe(401);
    const answer = await login({}, undefined, { 'accept-language': 'en' });
    expect(answer.statusCode).toBe(429);
    const seconds = Number(answer.headers['retry-after']);
    expect(seconds).toBeGreaterThan(500);
    const message = `Too many login attempts. Try again in ${seconds} seconds.`;
    expect(answer.json()).toEqual({
      success: false,
      error: message,
      message,
      code: 'auth.locked',
      errors: {},
      request_id: expect.any(String),
    });
    expect(answer.cookies).toEqual([]);
  });

  test('200 at once lets hardly more than five come to the password', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, at) => login({ password: `guess-number-${at}` })),
    );
    const statuses = answers.map((answer) => answer.statusCode);
    const guesses = statuses.filter((status) => status === 401).length;
    expect(statuses.filter((status) => status === 429)).toHaveLength(200 - guesses);
    // A slow machine may live through the first locks, of one and two seconds.
    expect(guesses).toBeGreaterThanOrEqual(accountThreshold);
    expect(guesses).toBeLessThanOrEqual(accountThreshold + 2);
  });

  test('locks the change of a password too', async () => {
    const cookie = await signIn();
    const guess = (current: string) =>
      call('POST', '/auth/password', cookie, { current_password: current, new_password: newPassword });
    await server.db.loginAttempt.updateMany({
      where: { key: { startsWith: 'known:marie@' } },
      data: { failures: accountThreshold + 8 },
    });
    expect((await guess('wrong-password')).statusCode).toBe(400);
    expect((await guess(password)).statusCode).toBe(429);
  });
});

describe('signing out', () => {
  test('ends the session here and in the browser', async () => {
    const [cookie, other] = [await signIn(), await signIn()];
    const answer = await call('POST', '/auth/logout', cookie);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ success: true, data: null });
    expect(answer.cookies).toMatchObject([{ name: 'classeur_session', value: '', path: '/' }]);
    expect(answer.cookies[0]?.expires?.getTime()).toBe(0);
    expect(await server.db.session.count()).toBe(1);
    expect(await statusOfMe(cookie)).toBe(401);
    expect(await statusOfMe(other)).toBe(200);
  });

  test('a dead cookie is taken out of the browser', async () => {
    const cookie = await signIn();
    await server.db.session.deleteMany();
    const answer = await call('GET', '/auth/me', cookie);
    expect(answer.statusCode).toBe(401);
    expect(answer.cookies).toMatchObject([{ name: 'classeur_session', value: '' }]);
  });
});

describe("changing one's password", () => {
  const change = (cookie: string, current: string, wanted: string) =>
    call('POST', '/auth/password', cookie, { current_password: current, new_password: wanted });

  test('keeps this session under a new id and ends the others', async () => {
    const [here, elsewhere] = [await signIn(), await signIn()];
    const answer = await change(here, password, newPassword);
    expect(answer.statusCode).toBe(200);
    expect(answer.cookies).toHaveLength(1);
    expect(await statusOfMe(cookieOf(answer))).toBe(200);
    expect(await statusOfMe(here)).toBe(401);
    expect(await statusOfMe(elsewhere)).toBe(401);
    expect((await login()).statusCode).toBe(401);
    expect((await login({ password: newPassword })).statusCode).toBe(200);
  });

  test('needs the current one, and a good new one', async () => {
    const cookie = await signIn();
    const wrong = await change(cookie, 'wrong-password', newPassword);
    expect(wrong.statusCode).toBe(400);
    expect(wrong.json()).toMatchObject({
      code: 'auth.wrong_current_password',
      errors: { current_password: ['Incorrect'] },
    });
    const weak = await change(cookie, password, 'Password123');
    expect(weak.statusCode).toBe(400);
    expect(weak.json()).toMatchObject({
      code: 'users.weak_password',
      errors: { new_password: ['Fait partie des mots de passe les plus courants'] },
    });
    expect(await statusOfMe(cookie)).toBe(200);
    expect((await login()).statusCode).toBe(200);
  });

  test('at the same moment twice is done once', async () => {
    const [one, two] = [await signIn(), await signIn()];
    const answers = await Promise.all([
      change(one, password, newPassword),
      change(two, password, 'pluie-du-soir'),
    ]);
    expect(answers.filter((answer) => answer.statusCode === 200)).toHaveLength(1);
    expect(await server.db.session.count()).toBe(1);
  });
});
