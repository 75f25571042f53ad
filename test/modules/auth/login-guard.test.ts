import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase } from '../../../src/database/client.ts';
import { callerNetwork } from '../../../src/modules/auth/address.ts';
import {
  accountThreshold,
  addressThreshold,
  createLoginGuard,
  longestLockSeconds,
} from '../../../src/modules/auth/login-guard.ts';
import { createTestDatabase } from '../../support/database.ts';

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
  await first.db.$executeRaw`TRUNCATE login_attempts`;
});

/** Counts how many attempts came as far as the password. */
function door(server = first) {
  const guard = createLoginGuard({ db: server.db });
  const state = { verified: 0 };
  const attempt = (username: string, address: string, answer: 'right' | undefined) =>
    guard.attempt({ username, address }, async () => {
      state.verified++;
      return answer;
    });
  return {
    state,
    wrong: (u = 'marie', a = '198.51.100.7') => attempt(u, a, undefined),
    right: (u = 'marie', a = '198.51.100.7') => attempt(u, a, 'right'),
  };
}

/** As if the time had passed. */
const passSeconds = (seconds: number) => first.db.$executeRaw`
  UPDATE login_attempts SET last_failed_at = last_failed_at - make_interval(secs => ${seconds}::int),
    locked_until = locked_until - make_interval(secs => ${seconds}::int)`;

async function lockOf(key: string): Promise<number | null> {
  const [row] = await first.db.$queryRaw<{ seconds: number | null }[]>`
    SELECT round(extract(epoch FROM locked_until - now()))::int AS seconds FROM login_attempts WHERE key = ${key}`;
  return row?.seconds ?? null;
}

/** As if there had been so many failures; the next one's lock is longer than any test. */
const hadFailed = (key: string, failures: number) =>
  first.db.loginAttempt.create({ data: { key, failures } });

const locked = { code: 'auth.locked', status: 429 };
const many = (times: number, make: (at: number) => Promise<unknown>) =>
  Promise.allSettled(Array.from({ length: times }, (_, at) => make(at)));

describe('an account', () => {
  test('is locked by its fifth failure, even for the right password, and open again after the lock', async () => {
    const { wrong, right, state } = door();
    for (let at = 0; at < accountThreshold; at++) expect(await wrong()).toBeUndefined();
    await expect(right()).rejects.toMatchObject({ ...locked, details: { headers: { 'Retry-After': '1' } } });
    expect(state.verified).toBe(accountThreshold);
    await passSeconds(1);
    expect(await right()).toBe('right');
  });

  test('lets only the last free one of 200 guesses at once come to the password, over two servers', async () => {
    await hadFailed('account:marie', accountThreshold + 8);
    const doors = [door(first), door(second)] as const;
    const outcomes = await many(200, (at) => doors[at % 2 ? 1 : 0].wrong('marie', `198.51.100.${at}`));
    expect(doors[0].state.verified + doors[1].state.verified).toBe(1);
    expect(outcomes.filter((outcome) => outcome.status === 'rejected')).toHaveLength(199);
  });

  test('is locked twice as long by each further failure, never longer than a quarter of an hour', async () => {
    const { wrong } = door();
    const locks: (number | null)[] = [];
    for (let at = 1; at <= accountThreshold + 12; at++) {
      await wrong('marie', `198.51.100.${at}`);
      const lock = await lockOf('account:marie');
      locks.push(lock);
      await passSeconds(lock ?? 0);
    }
    expect(locks).toEqual([null, null, null, null, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    expect(longestLockSeconds).toBe(900);
  });

  test('is not locked longer by attempts made while it is', async () => {
    await hadFailed('account:marie', accountThreshold + 8);
    const { wrong } = door();
    await wrong();
    const before = await first.db.loginAttempt.findUnique({ where: { key: 'account:marie' } });
    await many(5, () => wrong());
    expect(await first.db.loginAttempt.findUnique({ where: { key: 'account:marie' } })).toEqual(before);
  });

  test('starts anew after a success, and after a quiet quarter of an hour', async () => {
    const { wrong, right } = door();
    for (let round = 0; round < 2; round++) {
      for (let at = 1; at < accountThreshold; at++) await wrong();
      expect(await right()).toBe('right');
    }
    await first.db.$executeRaw`TRUNCATE login_attempts`;
    for (let at = 1; at < accountThreshold; at++) await wrong();
    await passSeconds(901);
    for (let at = 1; at < accountThreshold; at++) expect(await wrong()).toBeUndefined();
    expect(await right()).toBe('right');
  });

  test('is one account in whatever case and spelling its name is written', async () => {
    const { wrong } = door();
    for (const name of ['Élise', 'élise', 'ÉLISE', 'e\u0301lise', 'éliSE']) await wrong(name);
    await expect(wrong('élise')).rejects.toMatchObject(locked);
  });

  test('that strangers keep locked still opens to its user at an address they have signed in from', async () => {
    const { wrong, right } = door();
    expect(await right('marie', '192.0.2.1')).toBe('right');
    await hadFailed('account:marie', accountThreshold + 8);
    await many(50, (at) => wrong('marie', `198.51.100.${at}`));
    await expect(right('marie', '203.0.113.9')).rejects.toMatchObject(locked);
    expect(await right('marie', '192.0.2.1')).toBe('right');
    // Her success there does not give the strangers new guesses.
    await expect(wrong('marie', '198.51.100.77')).rejects.toMatchObject(locked);
  });

  test('is guarded at a known address too', async () => {
    const { wrong, right } = door();
    await right();
    for (let at = 0; at < accountThreshold; at++) await wrong();
    await expect(right()).rejects.toMatchObject(locked);
  });
});

describe('an address', () => {
  test('is locked by its twentieth failure, whichever accounts it tries', async () => {
    const { wrong, right } = door();
    for (let at = 1; at < addressThreshold; at++) await wrong(`user${at}`);
    expect(await lockOf('address:198.51.100.7')).toBeNull();
    await wrong('user20');
    await expect(right('someone')).rejects.toMatchObject(locked);
    expect(await right('someone', '198.51.100.8')).toBe('right');
  });

  test('lets only the last free one of 200 guesses at once on 200 accounts come to the password', async () => {
    await hadFailed('address:198.51.100.7', addressThreshold + 8);
    const { wrong, state } = door();
    await many(200, (at) => wrong(`user${at}`));
    expect(state.verified).toBe(1);
  });

  test('that a whole office signs in from is not locked by their successes', async () => {
    const { wrong, right } = door();
    for (let at = 0; at < addressThreshold - 1; at++) await wrong(`user${at}`);
    await passSeconds(600);
    for (let at = 0; at < 30; at++) expect(await right(`colleague${at}`)).toBe('right');
    // Nor do the successes make its failures last longer.
    await passSeconds(301);
    await wrong('user0');
    expect(await first.db.loginAttempt.findUnique({ where: { key: 'address:198.51.100.7' } })).toMatchObject({
      failures: 1,
    });
  });

  test('is the /64 network of an IPv6 address, and IPv4 written as IPv6 is IPv4', () => {
    expect(callerNetwork('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(callerNetwork('2001:0DB8:1:2::9')).toBe('2001:db8:1:2::/64');
    expect(callerNetwork('2001:db8::1')).toBe('2001:db8:0:0::/64');
    expect(callerNetwork('::1')).toBe('0:0:0:0::/64');
    expect(callerNetwork('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(callerNetwork('::ffff:192.0.2.1')).toBe('192.0.2.1');
    expect(callerNetwork('192.0.2.1')).toBe('192.0.2.1');
    expect(callerNetwork('nonsense'.repeat(100))).toHaveLength(64);
  });
});

test('what no longer counts is purged, known addresses last', async () => {
  const { wrong, right } = door();
  await wrong('paul', '198.51.100.9');
  await right('marie', '192.0.2.1');
  await passSeconds(901);
  await wrong('anna', '198.51.100.10');
  const guard = createLoginGuard({ db: first.db });
  await guard.purge();
  const left = async () => (await first.db.loginAttempt.findMany()).map((row) => row.key).sort();
  expect(await left()).toEqual(['account:anna', 'address:198.51.100.10', 'known:marie@192.0.2.1']);
  await passSeconds(91 * 86_400);
  await guard.purge();
  expect(await left()).toEqual([]);
});
