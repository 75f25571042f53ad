import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase } from '../../../src/database/client.ts';
import { createCredentials } from '../../../src/modules/users/credentials.ts';
import { createUsersService } from '../../../src/modules/users/users.service.ts';
import { createTestDatabase } from '../../support/database.ts';

const password = 'vélo-bleu-42';
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let first: ReturnType<typeof createDatabase>;
let second: ReturnType<typeof createDatabase>;

/** Two servers on one database. */
beforeAll(async () => {
  database = await createTestDatabase();
  const open = () => createDatabase({ url: database.url, onError: () => undefined });
  [first, second] = [open(), open()];
});
afterAll(async () => {
  await Promise.all([first.close(), second.close()]);
  await database.drop();
});
beforeEach(async () => {
  await first.db.$executeRaw`TRUNCATE users, sessions CASCADE`;
});

/** How many of the servers' statements wait for a lock. */
async function waiting(server: typeof first): Promise<bigint | undefined> {
  const [row] = await server.db.$queryRaw<{ count: bigint }[]>`
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return row?.count;
}

const usersOf = (server: typeof first) => createUsersService({ db: server.db });

describe('the first administrator', () => {
  test('is made with the given password where there is no user', async () => {
    const users = usersOf(first);
    expect(await users.ensureFirstAdministrator({ username: 'admin', password })).toEqual({
      username: 'admin',
      generatedPassword: undefined,
    });
    const { rows } = await users.list({ page: 1, perPage: 10 });
    expect(rows).toMatchObject([{ username: 'admin', displayName: 'admin', isAdmin: true, isActive: true }]);
    expect(await users.ensureFirstAdministrator({ username: 'other', password: undefined })).toBeUndefined();
  });

  test('is made once when several servers start at once, and one of them tells the password it made up', async () => {
    let starts: ReturnType<ReturnType<typeof usersOf>['ensureFirstAdministrator']>[] = [];
    await first.db.$transaction(async (tx) => {
      // Nobody writes until each of them has come as far as it can.
      await tx.$executeRaw`LOCK TABLE users IN SHARE MODE`;
      starts = Array.from({ length: 6 }, (_, at) =>
        usersOf(at % 2 ? first : second).ensureFirstAdministrator({
          username: `admin${at}`,
          password: undefined,
        }),
      );
      await expect.poll(() => waiting(second), { timeout: 4_000 }).toBe(6n);
    });
    const made = (await Promise.all(starts)).filter((answer) => answer !== undefined);
    expect(made).toHaveLength(1);
    expect(made[0]?.generatedPassword).toMatch(/^[\w-]{20}$/);
    const { rows } = await usersOf(first).list({ page: 1, perPage: 10 });
    expect(rows.map((row) => row.username)).toEqual([made[0]?.username]);
  });

  test('is not made with a password that is easy to guess, or a name that is none', async () => {
    const users = usersOf(first);
    await expect(
      users.ensureFirstAdministrator({ username: 'admin', password: 'password123' }),
    ).rejects.toMatchObject({
      code: 'users.weak_password',
    });
    await expect(users.ensureFirstAdministrator({ username: 'ad min', password })).rejects.toMatchObject({
      code: 'users.invalid_username',
    });
    expect(await first.db.user.count()).toBe(0);
  });
});

describe('the last active administrator', () => {
  const admin = (username: string) => usersOf(first).create({ username, password, isAdmin: true });

  test('can be neither deactivated nor demoted', async () => {
    const users = usersOf(first);
    const { id } = await admin('anna');
    await users.create({ username: 'member', password });
    await expect(users.deactivate(id)).rejects.toMatchObject({
      code: 'users.last_administrator',
      status: 409,
    });
    await expect(users.patch(id, { isAdmin: false })).rejects.toMatchObject({
      code: 'users.last_administrator',
    });
    expect(await users.get(id)).toMatchObject({ isAdmin: true, isActive: true });
  });

  test('stays when the last two are removed at the same moment on two servers', async () => {
    for (let round = 0; round < 10; round++) {
      await first.db.$executeRaw`TRUNCATE users CASCADE`;
      const [anna, berta] = await Promise.all([admin('anna'), admin('berta')]);
      const outcomes = await Promise.allSettled([
        usersOf(first).deactivate(anna.id),
        usersOf(second).patch(berta.id, { isAdmin: false }),
      ]);
      expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(outcomes.find((outcome) => outcome.status === 'rejected')?.reason).toMatchObject({
        code: 'users.last_administrator',
      });
      expect(await first.db.user.count({ where: { isAdmin: true, isActive: true } })).toBe(1);
    }
  });
});

test('of two users of one name, whatever its case, created at the same moment, one is refused', async () => {
  const outcomes = await Promise.allSettled([
    usersOf(first).create({ username: 'Élise', password }),
    usersOf(second).create({ username: 'éLISE', password }),
  ]);
  expect(outcomes.find((outcome) => outcome.status === 'rejected')?.reason).toMatchObject({
    code: 'users.username_taken',
    status: 409,
  });
  expect(await first.db.user.count()).toBe(1);
});

test('an unknown name costs as much work as a wrong password, so that the time of the answer does not tell', async () => {
  await usersOf(first).create({ username: 'marie', password });
  const { prove } = createCredentials({ db: first.db });
  /** Of the processor, which other work on the machine does not lengthen. */
  const milliseconds = async (username: string) => {
    const before = process.cpuUsage();
    for (let at = 0; at < 10; at++)
      expect(await prove({ username, password: 'wrong-password' })).toBeUndefined();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  await milliseconds('nobody');
  const wrong = await milliseconds('marie');
  // Without the hash it is about a tenth.
  expect(await milliseconds('nobody')).toBeGreaterThan(wrong / 3);
});
