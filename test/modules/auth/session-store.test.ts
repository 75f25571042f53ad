import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase } from '../../../src/database/client.ts';
import { absoluteSeconds, createSessionStore, idleSeconds } from '../../../src/modules/auth/session-store.ts';
import { createCredentials, type ProvedUser } from '../../../src/modules/users/credentials.ts';
import { createUsersService } from '../../../src/modules/users/users.service.ts';
import { createTestDatabase } from '../../support/database.ts';

const password = 'vélo-bleu-42';
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let server: ReturnType<typeof createDatabase>;
let store: ReturnType<typeof createSessionStore>;
let users: ReturnType<typeof createUsersService>;

beforeAll(async () => {
  database = await createTestDatabase();
  server = createDatabase({ url: database.url, onError: () => undefined });
  store = createSessionStore({ db: server.db });
  users = createUsersService({ db: server.db });
});
afterAll(async () => {
  await server.close();
  await database.drop();
});
let marie: ProvedUser;
beforeEach(async () => {
  await server.db.$executeRaw`TRUNCATE users, sessions CASCADE`;
  await users.create({ username: 'marie', password });
  marie = await prove();
});

async function prove(): Promise<ProvedUser> {
  const proved = await createCredentials({ db: server.db }).prove({ username: 'Marie', password });
  if (!proved) throw new Error('marie is not known');
  return proved;
}

const cookie = { originalMaxAge: null };
const open = (id: string, proved = marie) =>
  new Promise<void>((resolve, reject) =>
    store.set(id, { cookie, proved }, (e) => (e ? reject(e) : resolve())),
  );
const read = (id: string) =>
  new Promise((resolve, reject) => store.get(id, (e, found) => (e ? reject(e) : resolve(found?.user))));

/** As if the session had last been seen, and opened, so long ago. */
const age = ({ seen, opened = seen }: { seen: number; opened?: number }) => server.db.$executeRaw`
  UPDATE sessions SET last_seen_at = now() - make_interval(secs => ${seen}::int),
    expires_at = expires_at - make_interval(secs => ${opened}::int)`;
const seenSecondsAgo = async () => {
  const [row] = await server.db.$queryRaw<{ seconds: number }[]>`
    SELECT round(extract(epoch FROM now() - last_seen_at))::int AS seconds FROM sessions`;
  return row?.seconds;
};

test('a session tells its user, and its id is in the database only as a hash', async () => {
  await open('id-1');
  expect(await read('id-1')).toEqual({
    id: marie.user.id,
    username: 'marie',
    displayName: 'marie',
    email: null,
    isAdmin: false,
    seesMore: false,
  });
  const rows = await server.db.session.findMany();
  expect(rows.map((row) => row.id)).toEqual([createHash('sha256').update('id-1').digest('hex')]);
  expect(JSON.stringify(rows)).not.toMatch(/id-1|argon2/);
});

describe('a session ends', () => {
  test('after twelve hours without a request', async () => {
    await open('id-1');
    await age({ seen: idleSeconds - 5 });
    expect(await read('id-1')).toBeDefined();
    await age({ seen: idleSeconds + 1, opened: 0 });
    expect(await read('id-1')).toBeUndefined();
    expect(await seenSecondsAgo()).toBeGreaterThan(idleSeconds);
  });

  test('after seven days however much it is used', async () => {
    await open('id-1');
    await age({ seen: 10, opened: absoluteSeconds - 5 });
    expect(await read('id-1')).toBeDefined();
    await age({ seen: 10, opened: 6 });
    expect(await read('id-1')).toBeUndefined();
  });

  test('when its user is deactivated, for good', async () => {
    await open('id-1');
    await users.deactivate(marie.user.id);
    expect(await read('id-1')).toBeUndefined();
    await users.patch(marie.user.id, { isActive: true });
    expect(await read('id-1')).toBeUndefined();
  });

  test('whatever it was that deactivated its user', async () => {
    await open('id-1');
    await server.db.user.update({ where: { id: marie.user.id }, data: { isActive: false } });
    expect(await read('id-1')).toBeUndefined();
  });

  test('when its user is given another password', async () => {
    await open('id-1');
    await users.patch(marie.user.id, { password: 'neige-au-sol' });
    expect(await read('id-1')).toBeUndefined();
  });

  test('and is purged, the living ones stay', async () => {
    await Promise.all(['idle', 'old', 'living'].map((id) => open(id)));
    const set = (id: string, data: { lastSeenAt?: Date; expiresAt?: Date }) =>
      server.db.session.update({ where: { id: createHash('sha256').update(id).digest('hex') }, data });
    await set('idle', { lastSeenAt: new Date(Date.now() - idleSeconds * 1000 - 1000) });
    await set('old', { expiresAt: new Date(Date.now() - 1000) });
    expect(await store.purgeExpired()).toBe(2);
    expect(await read('living')).toBeDefined();
  });
});

test('that a session was seen is written once a minute at most', async () => {
  await open('id-1');
  await age({ seen: 50 });
  await read('id-1');
  expect(await seenSecondsAgo()).toBeGreaterThanOrEqual(50);
  await age({ seen: 61 });
  await read('id-1');
  expect(await seenSecondsAgo()).toBeLessThan(5);
});

describe('no session opens', () => {
  test('on a password that was changed after it was proved', async () => {
    await users.patch(marie.user.id, { password: 'neige-au-sol' });
    await expect(open('id-1')).rejects.toMatchObject({ code: 'auth.invalid_credentials' });
    expect(await server.db.session.count()).toBe(0);
  });

  test('for a user who is being deactivated at this moment', async () => {
    let opening = Promise.resolve();
    await server.db.$transaction(async (tx) => {
      await tx.user.update({ where: { id: marie.user.id }, data: { isActive: false } });
      opening = open('id-1');
      opening.catch(() => undefined);
      // Only when the opening waits for this transaction, the user's sessions are deleted and it ends.
      await expect
        .poll(async () => {
          const [row] = await server.db.$queryRaw<{ waiting: bigint }[]>`
            SELECT count(*) AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
          return row?.waiting;
        })
        .toBe(1n);
      await tx.session.deleteMany({ where: { userId: marie.user.id } });
    });
    await expect(opening).rejects.toMatchObject({ code: 'auth.invalid_credentials' });
    expect(await server.db.session.count()).toBe(0);
  });
});
