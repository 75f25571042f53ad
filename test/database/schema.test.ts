import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BEYOND_PRISMA, schemaDiff } from '../../src/database/schema-diff.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await database?.drop();
});

test('the migrations make exactly what prisma/schema says', async () => {
  expect(await schemaDiff({ url: database.url })).toBe('');
});

test('a column that only the database has is seen as a difference', async () => {
  const other = await createTestDatabase();
  const there = new pg.Client({ connectionString: other.url });
  await there.connect();
  await there.query('ALTER TABLE tags ADD COLUMN forgotten text');
  await there.end();
  expect(await schemaDiff({ url: other.url })).toContain('DROP COLUMN "forgotten"');
  await other.drop();
});

test.each(BEYOND_PRISMA)('%s, which prisma/schema does not say, is there', async (name) => {
  const { rows } = await client.query(
    `SELECT conname AS name FROM pg_constraint WHERE conname = $1 UNION SELECT relname FROM pg_class WHERE relname = $1`,
    [name],
  );
  expect(rows).toEqual([{ name }]);
});
