import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createUsersService, type User } from '../../../src/modules/users/users.service.ts';
import { startTestApp } from '../../support/app.ts';

const password = 'vélo-bleu-42';
let server: Awaited<ReturnType<typeof startTestApp>>;
let admin: string;
let anna: User;
let marie: User;

beforeAll(async () => {
  server = await startTestApp();
});
afterAll(() => server.close());
beforeEach(async () => {
  await server.db.$executeRaw`TRUNCATE users, sessions, login_attempts CASCADE`;
  const users = createUsersService({ db: server.db });
  anna = await users.create({ username: 'anna', password, isAdmin: true });
  marie = await users.create({ username: 'marie', password });
  admin = await signIn('anna');
});

const call = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, cookie = admin, payload?: object) =>
  server.app.inject({
    method,
    url: `/api/v1${path}`,
    headers: cookie ? { cookie } : {},
    ...(payload && { payload }),
  });

async function signIn(username: string, secret = password): Promise<string> {
  const answer = await call('POST', '/auth/login', '', { username, password: secret });
  return answer.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
}
const statusOfMe = async (cookie: string) => (await call('GET', '/auth/me', cookie)).statusCode;

describe('an administrator', () => {
  test('adds a user, who can sign in; no answer holds the hash', async () => {
    const answer = await call('POST', '/users', admin, {
      username: 'Élise',
      password,
      display_name: '  Élise Martin ',
      email: 'elise@example.ch',
      is_admin: true,
    });
    expect(answer.statusCode).toBe(201);
    const { data } = answer.json();
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(data).toEqual({
      id: expect.any(Number),
      username: 'Élise',
      display_name: 'Élise Martin',
      email: 'elise@example.ch',
      is_admin: true,
      is_active: true,
      created_at: time,
      updated_at: time,
    });
    expect((await call('GET', `/users/${data.id}`)).json()).toEqual({ success: true, data });
    expect((await call('GET', '/users')).body).not.toMatch(/argon2|hash|password/);
    expect(await statusOfMe(await signIn('éLISE'))).toBe(200);
  });

  test('needs to give no more than a name and a password', async () => {
    const answer = await call('POST', '/users', admin, { username: 'paul', password });
    expect(answer.json().data).toMatchObject({ display_name: 'paul', email: null, is_admin: false });
  });

  test('reads users by pages', async () => {
    const users = createUsersService({ db: server.db });
    for (const username of ['b1', 'b2', 'b3']) await users.create({ username, password });
    const page = (await call('GET', '/users?page=2&per_page=2')).json();
    expect(page.data.map((user: { username: string }) => user.username)).toEqual(['b2', 'b3']);
    expect(page.pagination).toEqual({ page: 2, per_page: 2, total: 5, total_pages: 3 });
    expect((await call('GET', '/users?per_page=101')).statusCode).toBe(400);
  });

  test('is told which field is wrong, and that a key is unknown', async () => {
    const answer = await call('POST', '/users', admin, {
      username: 'a b',
      password,
      email: 'nowhere',
      role: 'boss',
    });
    expect(answer.statusCode).toBe(400);
    expect(Object.keys(answer.json().errors).sort()).toEqual(['email', 'role', 'username']);
    expect(answer.json().errors.username).toEqual(['De 1 à 64 lettres, chiffres ou . _ @ -']);
    const weak = await call('POST', '/users', admin, { username: 'paul', password: 'password123' });
    expect(weak.statusCode).toBe(400);
    expect(weak.json().errors).toEqual({ password: ['Fait partie des mots de passe les plus courants'] });
    expect(await server.db.user.count()).toBe(2);
  });

  test('cannot give a name twice, whatever its case', async () => {
    const answer = await call('POST', '/users', admin, { username: 'MARIE', password });
    expect(answer.statusCode).toBe(409);
    expect(answer.json()).toMatchObject({ code: 'users.username_taken' });
    expect((await call('PATCH', `/users/${marie.id}`, admin, { username: 'Anna' })).statusCode).toBe(409);
    expect((await call('PATCH', `/users/${marie.id}`, admin, { username: 'Marie' })).statusCode).toBe(200);
  });

  test('gets a 404 for a user who is not there', async () => {
    for (const [method, payload] of [['GET'], ['PATCH', {}], ['DELETE']] as const) {
      const answer = await call(method, '/users/999999', admin, payload);
      expect(answer.statusCode, method).toBe(404);
      expect(answer.json()).toMatchObject({ code: 'users.not_found' });
    }
  });
});

describe('a change', () => {
  test('of the name and the address leaves the session alone', async () => {
    const session = await signIn('marie');
    const changes = { display_name: 'Marie D.', email: 'marie@example.ch' };
    const answer = await call('PATCH', `/users/${marie.id}`, admin, changes);
    expect(answer.json().data).toMatchObject({ ...changes, username: 'marie', is_active: true });
    expect((await call('GET', '/auth/me', session)).json().data).toMatchObject(changes);
    const cleared = await call('PATCH', `/users/${marie.id}`, admin, { email: null });
    expect(cleared.json().data).toMatchObject({ email: null, display_name: 'Marie D.' });
  });

  test('of the password ends the sessions of that user only', async () => {
    const session = await signIn('marie');
    await call('PATCH', `/users/${marie.id}`, admin, { password: 'neige-au-sol' });
    expect(await statusOfMe(session)).toBe(401);
    expect(await statusOfMe(admin)).toBe(200);
    expect(await statusOfMe(await signIn('marie', 'neige-au-sol'))).toBe(200);
  });

  test('to a password that is the new username is refused', async () => {
    const changes = { username: 'marie.dupont', password: 'Marie.Dupont' };
    const answer = await call('PATCH', `/users/${marie.id}`, admin, changes);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors).toEqual({ password: ["Est le nom d'utilisateur"] });
  });

  test('of the rights holds with the next request', async () => {
    const session = await signIn('marie');
    expect((await call('GET', '/users', session)).statusCode).toBe(403);
    await call('PATCH', `/users/${marie.id}`, admin, { is_admin: true });
    expect((await call('GET', '/users', session)).statusCode).toBe(200);
    await call('PATCH', `/users/${marie.id}`, admin, { is_admin: false });
    expect((await call('GET', '/users', session)).statusCode).toBe(403);
  });
});

describe('a deactivated user', () => {
  test('is out at once, keeps the row, and can come back', async () => {
    const session = await signIn('marie');
    const answer = await call('DELETE', `/users/${marie.id}`);
    expect(answer.statusCode).toBe(200);
    expect(answer.json().data).toMatchObject({ id: marie.id, is_active: false });
    expect(await statusOfMe(session)).toBe(401);
    expect(await signIn('marie')).toBe('');
    expect((await call('GET', `/users/${marie.id}`)).json().data).toMatchObject({ is_active: false });
    await call('PATCH', `/users/${marie.id}`, admin, { is_active: true });
    expect(await statusOfMe(session)).toBe(401);
    expect(await statusOfMe(await signIn('marie'))).toBe(200);
  });

  test('is never the last administrator', async () => {
    for (const [method, payload] of [
      ['DELETE'],
      ['PATCH', { is_active: false }],
      ['PATCH', { is_admin: false }],
    ] as const) {
      const answer = await call(method, `/users/${anna.id}`, admin, payload);
      expect(answer.statusCode).toBe(409);
      expect(answer.json()).toMatchObject({ code: 'users.last_administrator' });
    }
    expect(await statusOfMe(admin)).toBe(200);
  });
});

test('everybody else is kept out', async () => {
  const session = await signIn('marie');
  for (const [method, path] of [
    ['GET', '/users'],
    ['POST', '/users'],
    ['GET', `/users/${marie.id}`],
    ['PATCH', `/users/${marie.id}`],
    ['DELETE', `/users/${marie.id}`],
  ] as const) {
    expect((await call(method, path, '')).statusCode, `${method} ${path}`).toBe(401);
    expect((await call(method, path, session)).statusCode, `${method} ${path}`).toBe(403);
  }
});
