import type { Transaction } from '../../src/database/client.ts';
import type { Lists } from './lists.ts';

/**
 * Inserts of thousands of documents in one transaction, without two costs that PostgreSQL counts by the row.
 * Both end with the transaction, so no kill can leave anything of them behind.
 */
export async function withBulkLoad(
  tx: Transaction,
  { lists, work }: { lists: Lists; work: () => Promise<void> },
): Promise<void> {
  await referToAll(tx, lists);
  const indexes = await tx.$queryRaw<{ name: string }[]>`
    SELECT i.indexrelid::regclass::text AS name
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
    WHERE i.indrelid IN ('documents'::regclass, 'document_versions'::regclass) AND a.amname = 'gin'
      AND c.reloptions @> '{fastupdate=off}'
    ORDER BY i.indexrelid`;
  // In kB: the whole batch has room in the list.
  await tx.$executeRaw`SELECT set_config('gin_pending_list_limit', '1000000', true)`;
  // New entries of GIN indexes go to a list first, and are sorted in all at once: a fifth of the time. The
  // names come from the catalogue, quoted. Others wait for the index until the commit.
  for (const { name } of indexes) await tx.$executeRawUnsafe(`ALTER INDEX ${name} SET (fastupdate = on)`);
  await work();
  for (const { name } of indexes) {
    await tx.$executeRawUnsafe(`ALTER INDEX ${name} SET (fastupdate = off)`);
    await tx.$executeRaw`SELECT gin_clean_pending_list(${name}::regclass)`;
  }
}

/**
 * Checks and locks what a batch refers to once, instead of once for each of its rows (ten checks a document,
 * a third of the whole cost). Only a superuser may switch the checks by the row off, as on the embedded
 * PostgreSQL; elsewhere they stay. They stay too where one of the tables has a trigger of our own, which
 * would be switched off with them.
 */
async function referToAll(tx: Transaction, lists: Lists): Promise<void> {
  const [row] = await tx.$queryRaw<{ may: boolean }[]>`
    SELECT current_setting('is_superuser') = 'on' AND NOT EXISTS (
      SELECT 1 FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN ('documents'::regclass,
        'document_versions'::regclass, 'document_tags'::regclass, 'sync_copies'::regclass)) AS may`;
  if (!row?.may) return;
  for (const [table, ids] of Object.entries(lists.ids)) {
    const [found] = await tx.$queryRawUnsafe<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM (SELECT FROM ${table} WHERE id = ANY($1::int[]) ORDER BY id FOR KEY SHARE) held`,
      ids,
    );
    if (found?.count !== ids.length) throw new Error(`one of the ${table} was removed while seeding`);
  }
  await tx.$executeRaw`SELECT set_config('session_replication_role', 'replica', true)`;
}
