import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MIGRATIONS_DIR, migrate } from '../../../src/database/migrations.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const log = pino({ level: 'silent' });
let database: TestDatabase;
let client: pg.Client;
let before: string;

/** A database as the version before rules left it. */
beforeAll(async () => {
  before = await mkdtemp(path.join(tmpdir(), 'migrations-'));
  for (const name of (await readdir(MIGRATIONS_DIR)).filter((name) => name < '20261121090000'))
    await cp(path.join(MIGRATIONS_DIR, name), path.join(before, name), { recursive: true });
  await cp(path.join(MIGRATIONS_DIR, 'migration_lock.toml'), path.join(before, 'migration_lock.toml'));
  database = await createTestDatabase({ migrated: false });
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await migrate({ url: database.url, log, migrationsDir: before });
});
afterAll(async () => {
  await client?.end();
  await database?.drop();
  await rm(before, { recursive: true, force: true });
});

test('tags and correspondents that are there get a rule that never matches', async () => {
  await client.query(`
    INSERT INTO correspondents (name) VALUES ('Swisscom');
    INSERT INTO tags (name, color) VALUES ('Maison', '#ABCDEF'), ('Vieux', 'rouge');
    INSERT INTO tags (name, parent_id) SELECT 'Chauffage', id FROM tags WHERE name = 'Maison';`);
  await migrate({ url: database.url, log });
  const rule = { match: '', matching_algorithm: 'none', is_insensitive: true };
  const { rows } = await client.query(
    'SELECT name, color, match, matching_algorithm, is_insensitive FROM tags ORDER BY id',
  );
  expect(rows).toEqual([
    { name: 'Maison', color: '#abcdef', ...rule },
    { name: 'Vieux', color: '#808080', ...rule },
    { name: 'Chauffage', color: '#808080', ...rule },
  ]);
  const correspondents = await client.query(
    'SELECT match, matching_algorithm, is_insensitive FROM correspondents',
  );
  expect(correspondents.rows).toEqual([rule]);
});

test.each(['tags', 'correspondents'])('the database refuses rules of %s that are none', async (table) => {
  const set = (change: string) => client.query(`UPDATE ${table} SET ${change}`);
  await expect(set(`matching_algorithm = 'magic'`)).rejects.toThrow(`${table}_matching_algorithm_check`);
  await expect(set(`match = repeat('x', 257)`)).rejects.toThrow(`${table}_match_check`);
  await set(`matching_algorithm = 'any', match = repeat('é', 256)`);
});

test('a colour is one that can be shown', async () => {
  await expect(client.query(`UPDATE tags SET color = 'red'`)).rejects.toThrow('tags_color_check');
});
