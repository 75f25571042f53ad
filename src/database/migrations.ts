import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { DatabaseLog } from './database-log.ts';
import { withSchemaEngine } from './schema-engine.ts';

export const MIGRATIONS_DIR = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

/** Key of the advisory lock under which one server at a time migrates. Arbitrary, never to be changed. */
const MIGRATING = 0x436c_6173_02;

interface Migration {
  name: string;
  sql: string;
  /** SHA-256 of the file, hex, as Prisma writes it */
  checksum: string;
}

type Query = <Row>(sql: string) => Promise<Row[]>;

interface AppliedMigration {
  migration_name: string;
  checksum: string;
  finished: boolean;
}

/**
 * Brings the database to this code's schema by the migrations in prisma/migrations, in one transaction.
 * Several servers may do it at once: one applies, the others wait and find it done.
 * Where there is nothing to do, it costs two queries.
 *
 * Rejects with a plain Error, meant for the person who starts the server, when the database is newer than
 * the code, when an applied migration was edited or has failed, or when one fails now (nothing is changed).
 */
export async function migrate({
  url,
  log,
  migrationsDir = MIGRATIONS_DIR,
}: {
  url: string;
  log: DatabaseLog;
  migrationsDir?: string;
}): Promise<void> {
  const migrations = await readMigrations(migrationsDir);
  // the lock's connection is not the one that migrates: the lock is held until that one's work is committed
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, keepAlive: true });
  client.on('error', (error) => log.warn({ err: error.message }, 'database connection lost while migrating'));
  await client.connect();
  const query: Query = async <Row>(sql: string) => (await client.query(sql)).rows as Row[];
  try {
    if ((await pending(query, migrations)).length === 0) return;
    await takeLock(client, log);
    const todo = await pending(query, migrations);
    if (todo.length === 0) return;
    log.info({ migrations: todo }, 'migrating the database');
    await apply(url, migrations, migrationsDir);
    const left = await pending(query, migrations);
    if (left.length > 0) throw new Error(`the migrations ${left.join(', ')} are still not applied`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * The names of the migrations that the database lacks; rejects as `migrate` does. For the readiness check,
 * which passes what it has: `query: (sql) => database.$queryRawUnsafe(sql)`.
 */
export async function pendingMigrations({
  query,
  migrationsDir = MIGRATIONS_DIR,
}: {
  query: Query;
  migrationsDir?: string;
}): Promise<string[]> {
  return pending(query, await readMigrations(migrationsDir));
}

async function readMigrations(dir: string): Promise<Migration[]> {
  const folders = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return Promise.all(
    folders
      .map((entry) => entry.name)
      .sort()
      .map(async (name) => {
        const sql = await readFile(join(dir, name, 'migration.sql'), 'utf8');
        return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
      }),
  );
}

async function pending(query: Query, migrations: Migration[]): Promise<string[]> {
  const applied = await appliedMigrations(query);
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const { migration_name: name, checksum, finished } of applied) {
    const migration = known.get(name);
    if (!migration) {
      throw new Error(
        `The database is newer than this version of Classeur: it has the migration ${name}, which is unknown here. ` +
          'Start the version that the database was last used with, or a later one.',
      );
    }
    if (!finished) {
      throw new Error(
        `The migration ${name} was begun with another tool and has failed. Undo or complete its changes by hand ` +
          '(see _prisma_migrations.logs), settle it with "prisma migrate resolve", or restore a backup; then start again.',
      );
    }
    if (checksum !== migration.checksum) {
      throw new Error(
        `The migration ${name} was edited after it was applied to this database. Take back the file as it was ` +
          'when it was applied, and make the change in a new migration (npm run migration:new).',
      );
    }
  }
  const done = new Set(applied.map((row) => row.migration_name));
  return migrations.map((migration) => migration.name).filter((name) => !done.has(name));
}

async function appliedMigrations(query: Query): Promise<AppliedMigration[]> {
  const [table] = await query<{ there: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS there`,
  );
  if (!table?.there) return [];
  return query<AppliedMigration>(
    `SELECT migration_name, checksum, finished_at IS NOT NULL AS finished
     FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY migration_name`,
  );
}

/**
 * Asks again and again instead of waiting inside PostgreSQL, where the waiting query's snapshot would stand
 * in the way of some of the other server's DDL. Waits as long as the other one lives: a migration may be long.
 */
async function takeLock(client: pg.Client, log: DatabaseLog): Promise<void> {
  for (let waited = false; ; waited = true) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
      MIGRATING,
    ]);
    if (rows[0]?.taken) return;
    if (!waited) log.info('waiting for another server that is migrating the database');
    await delay(50);
  }
}

async function apply(url: string, migrations: Migration[], dir: string): Promise<void> {
  try {
    await withSchemaEngine({ url }, async (engine) =>
      engine.applyMigrations({
        baseDir: dir,
        lockfile: {
          path: './migration_lock.toml',
          content: await readFile(join(dir, 'migration_lock.toml'), 'utf8'),
        },
        shadowDbInitScript: '',
        migrationDirectories: migrations.map(({ name, sql }) => ({
          path: name,
          migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
        })),
      }),
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The database could not be migrated, and is as it was before: ${reason.split('\n')[0]}`, {
      cause: error,
    });
  }
}
