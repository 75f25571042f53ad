import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createPresence } from '../../src/database/presence.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const log = pino({ level: 'silent' });
let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase({ migrated: false });
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await database?.drop();
});

const cutConnections = () =>
  client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'classeur presence'`,
  );

test('the servers of one database see each other, until one leaves', async () => {
  const one = await createPresence({ url: database.url, log });
  const other = await createPresence({ url: database.url, log });
  expect(await one.aliveInstances()).toEqual(new Set([one.instanceId, other.instanceId]));
  expect(await other.isAlive(one.instanceId)).toBe(true);
  await other.close();
  await vi.waitFor(async () => expect(await one.isAlive(other.instanceId)).toBe(false));
  await one.close();
});

test('a server of another database of the same PostgreSQL is not seen', async () => {
  const elsewhere = await createTestDatabase({ migrated: false });
  const here = await createPresence({ url: database.url, log });
  const there = await createPresence({ url: elsewhere.url, log });
  expect(await here.aliveInstances()).toEqual(new Set([here.instanceId]));
  await there.close();
  await here.close();
  await elsewhere.drop();
});

test('a server whose connection broke is back under the same number', async () => {
  const one = await createPresence({ url: database.url, log });
  const other = await createPresence({ url: database.url, log });
  await cutConnections();
  await vi.waitFor(
    async () => expect(await one.aliveInstances()).toEqual(new Set([one.instanceId, other.instanceId])),
    { timeout: 10_000 },
  );
  await one.close();
  await other.close();
});

test('a server that closes while its database is away ends at once', async () => {
  const gone = await createTestDatabase({ migrated: false });
  const presence = await createPresence({ url: gone.url, log });
  await gone.drop();
  await vi.waitFor(async () => await expect(presence.aliveInstances()).rejects.toThrow(/being restored/));
  await presence.close();
});
