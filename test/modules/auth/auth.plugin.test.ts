import { PrismaPg } from '@prisma/adapter-pg';
import Fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PrismaClient } from '../../../src/database/generated/client.ts';
import { authPlugin, openSession } from '../../../src/modules/auth/auth.plugin.ts';
import { createSessionStore } from '../../../src/modules/auth/session-store.ts';
import { createCredentials } from '../../../src/modules/users/credentials.ts';
import { createUsersService } from '../../../src/modules/users/users.service.ts';
import { createTestDatabase } from '../../support/database.ts';

const credentials = { username: 'marie', password: 'vélo-bleu-42' };
const queries: string[] = [];
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let app: Awaited<ReturnType<typeof start>>;

/** A server with three routes behind one proxy, on a database that tells every query. */
async function start(url: string) {
  const db = new PrismaClient({
    adapter: new PrismaPg({ connectionString: url }),
    log: [{ emit: 'event', level: 'query' }],
  });
  db.$on('query', (event) => queries.push(event.query));
  if ((await db.user.count()) === 0) await createUsersService({ db }).create(credentials);
  const server = Fastify({ trustProxy: true });
  server.addHook('onClose', () => db.$disconnect());
  await server.register(authPlugin, { store: createSessionStore({ db }), secret: 's'.repeat(32) });
  server.get('/who', { config: { access: 'session' } }, async (request) => ({ user: request.user }));
  server.get('/open', { config: { access: 'public' } }, async (request) => ({ user: request.user }));
  server.post('/in', { config: { access: 'public', readsSession: true } }, async (request) => {
    const proved = await createCredentials({ db }).prove(credentials);
    if (proved) await openSession(request, proved);
    return { user: request.user };
  });
  return server;
}

beforeAll(async () => {
  database = await createTestDatabase();
  app = await start(database.url);
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

async function signIn(headers: Record<string, string> = {}) {
  const answer = await app.inject({ method: 'POST', url: '/in', headers });
  const [cookie] = answer.cookies;
  if (!cookie) throw new Error('no cookie');
  queries.length = 0;
  return { cookie, cookies: { [cookie.name]: cookie.value } };
}

test('a request with a session costs one query, and sets no cookie', async () => {
  const { cookies } = await signIn();
  const answer = await app.inject({ url: '/who', cookies });
  expect(answer.json()).toMatchObject({ user: { username: 'marie' } });
  expect(answer.headers['set-cookie']).toBeUndefined();
  expect(queries).toHaveLength(1);
});

test('a request without a session, with a forged one, or to a public route costs none', async () => {
  const { cookie, cookies } = await signIn();
  expect((await app.inject({ url: '/who' })).json()).toEqual({ user: null });
  const forged = { [cookie.name]: `${cookie.value.slice(0, -3)}AAA` };
  expect((await app.inject({ url: '/who', cookies: forged })).json()).toEqual({ user: null });
  const open = await app.inject({ url: '/open', cookies });
  expect(open.json()).toEqual({ user: null });
  expect(open.headers['set-cookie']).toBeUndefined();
  expect(queries).toEqual([]);
});

test('the cookie is Secure on https, and only there', async () => {
  const { cookie: plain } = await signIn();
  expect(plain).toMatchObject({ name: 'classeur_session', path: '/', httpOnly: true, sameSite: 'Lax' });
  expect(plain).not.toHaveProperty('secure');
  const { cookie: secure } = await signIn({ 'x-forwarded-proto': 'https' });
  expect(secure).toMatchObject({ httpOnly: true, sameSite: 'Lax', secure: true });
});

test('a session holds on another server of the same database, and after a restart', async () => {
  const { cookies } = await signIn();
  const another = await start(database.url);
  try {
    expect((await another.inject({ url: '/who', cookies })).json()).toMatchObject({
      user: { username: 'marie' },
    });
  } finally {
    await another.close();
  }
});
