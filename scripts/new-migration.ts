/**
 * npm run migration:new NAME: writes the SQL that takes the present migrations to the present
 * prisma/schema into a new folder of prisma/migrations, found out on a throwaway PostgreSQL.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import pino from 'pino';
import { startEmbeddedPostgres } from '../src/database/embedded.ts';
import { MIGRATIONS_DIR, migrate } from '../src/database/migrations.ts';
import { schemaDiff } from '../src/database/schema-diff.ts';

const name = process.argv[2] ?? '';
if (!/^[a-z0-9][a-z0-9_]*$/.test(name)) {
  console.error('usage: npm run migration:new NAME   (small letters, digits and _)');
  process.exit(2);
}

const log = pino({ level: 'warn' });
const dataDir = await mkdtemp(join(tmpdir(), 'classeur-migration-'));
const postgres = await startEmbeddedPostgres({ dataDir, log, settings: { fsync: 'off' } });
try {
  await migrate({ url: postgres.url, log });
  const sql = await schemaDiff({ url: postgres.url });
  if (sql === '') {
    console.log('The migrations and prisma/schema agree: there is nothing to write.');
  } else {
    const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
    const folder = join(MIGRATIONS_DIR, `${stamp}_${name}`);
    await mkdir(folder);
    await writeFile(join(folder, 'migration.sql'), sql);
    console.log(`Written: ${relative('.', folder)}/migration.sql. Read it before you commit it.`);
  }
} finally {
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
}
// the schema engine leaves a timer of ten seconds behind
process.exit();
