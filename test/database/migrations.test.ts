import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MIGRATIONS_DIR, migrate, pendingMigrations } from '../../src/database/migrations.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const log = pino({ level: 'silent' });
let database: TestDatabase;
let client: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase({ migrated: false });
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterEach(async () => {
  await client?.end();
  await database?.drop();
});

async function rows(sql: string): Promise<unknown[]> {
  return (await client.query(sql)).rows;
}

/** The real migrations, and after them one more. */
async function withOneMore(sql: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'migrations-'));
  await cp(MIGRATIONS_DIR, dir, { recursive: true });
  await mkdir(join(dir, '29990101000000_one_more'));
  await writeFile(join(dir, '29990101000000_one_more', 'migration.sql'), sql);
  return dir;
}

const tables = () => rows(`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`);
const pending = (migrationsDir: string) =>
  pendingMigrations({
    query: async <Row>(sql: string) => (await client.query(sql)).rows as Row[],
    migrationsDir,
  });

test('several servers that start at once on an empty database migrate it once', async () => {
  expect(await pending(MIGRATIONS_DIR)).not.toEqual([]);
  const program = `
    import { pino } from 'pino';
    import { migrate } from './src/database/migrations.ts';
    await migrate({ url: process.env.TEST_URL, log: pino({ level: 'silent' }) });
    process.exit();`;
  const inProcess = () =>
    spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program], {
      env: { ...process.env, TEST_URL: database.url },
      stdio: 'inherit',
    });
  const exits = [inProcess(), inProcess()].map((child) => once(child, 'exit'));
  await Promise.all([migrate({ url: database.url, log }), migrate({ url: database.url, log })]);
  expect(await Promise.all(exits)).toEqual([
    [0, null],
    [0, null],
  ]);
  expect(await pending(MIGRATIONS_DIR)).toEqual([]);
  const applied = await rows('SELECT migration_name FROM _prisma_migrations GROUP BY 1 HAVING count(*) > 1');
  expect(applied).toEqual([]);
});

test('a migration that fails leaves the database as it was, and can be put right', async () => {
  const broken = await withOneMore('CREATE TABLE half (x int); INSERT INTO nowhere VALUES (1);');
  await expect(migrate({ url: database.url, log, migrationsDir: broken })).rejects.toThrow(
    /could not be migrated, and is as it was before: relation "nowhere" does not exist/,
  );
  expect(await tables()).toEqual([]);
  await migrate({ url: database.url, log, migrationsDir: await withOneMore('CREATE TABLE whole (x int);') });
  expect(await rows('SELECT * FROM whole')).toEqual([]);
});

test('a server that is cut off in the middle of a migration leaves the database as it was', async () => {
  const slow = await withOneMore('CREATE TABLE half (x int); SELECT pg_sleep(60);');
  const outcome = expect(migrate({ url: database.url, log, migrationsDir: slow })).rejects.toThrow(
    /as it was before/,
  );
  await vi.waitFor(
    async () =>
      expect(
        await rows(`SELECT pg_terminate_backend(pid) AS cut FROM pg_stat_activity
          WHERE datname = current_database() AND query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()`),
      ).toEqual([{ cut: true }]),
    { timeout: 10_000 },
  );
  await outcome;
  expect(await tables()).toEqual([]);
  await migrate({ url: database.url, log });
});

test('a script is run as it is written, with semicolons in bodies, texts and comments', async () => {
  const dir = await withOneMore(`-- one; two
    CREATE FUNCTION answer() RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN 'a;b'; END $$;`);
  await migrate({ url: database.url, log, migrationsDir: dir });
  expect(await rows('SELECT answer()')).toEqual([{ answer: 'a;b' }]);
});

test('a database that is newer than the code is refused', async () => {
  await migrate({ url: database.url, log, migrationsDir: await withOneMore('SELECT 1;') });
  await expect(migrate({ url: database.url, log })).rejects.toThrow(/newer than this version.*one_more/);
  await expect(pending(MIGRATIONS_DIR)).rejects.toThrow(/newer/);
});

test('an applied migration that was edited since is refused', async () => {
  await migrate({ url: database.url, log, migrationsDir: await withOneMore('SELECT 1;') });
  const edited = await withOneMore('SELECT 2;');
  await expect(migrate({ url: database.url, log, migrationsDir: edited })).rejects.toThrow(
    /one_more was edited/,
  );
});

test('a migration that another tool began and did not finish is refused', async () => {
  await migrate({ url: database.url, log });
  await client.query('UPDATE _prisma_migrations SET finished_at = NULL');
  await expect(migrate({ url: database.url, log })).rejects.toThrow(/has failed.*prisma migrate resolve/);
});
