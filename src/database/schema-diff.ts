import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withSchemaEngine } from './schema-engine.ts';

const SCHEMA_DIR = fileURLToPath(new URL('../../prisma/schema', import.meta.url));

/**
 * What the migrations make and prisma/schema does not say, though Prisma sees it in the database and would
 * drop it. (Checks, triggers and partial indexes it does not see at all.)
 */
export const BEYOND_PRISMA = [
  // deferrable
  'documents_current_version_fkey',
  // what that foreign key refers to
  'document_versions_content_key',
];

/** The SQL that takes a migrated database to prisma/schema; empty where the two agree. */
export async function schemaDiff({ url }: { url: string }): Promise<string> {
  const names = (await readdir(SCHEMA_DIR)).filter((name) => name.endsWith('.prisma')).sort();
  const schema = await Promise.all(
    names.map(async (name) => {
      const path = join(SCHEMA_DIR, name);
      return { path, content: await readFile(path, 'utf8') };
    }),
  );
  const sql = await withSchemaEngine({ url, schema }, (engine) => engine.diffTo(schema));
  return sql
    .split(/\n(?=-- )/)
    .filter((step) => !BEYOND_PRISMA.some((name) => step.includes(`DROP CONSTRAINT "${name}"`)))
    .filter((step) => !BEYOND_PRISMA.some((name) => step.includes(`DROP INDEX "${name}"`)))
    .filter((step) => step.replace(/^--.*$/gm, '').trim() !== '')
    .join('\n');
}
