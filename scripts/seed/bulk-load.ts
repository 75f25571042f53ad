import type { Transaction } from '../../src/database/client.ts';
import type { Lists } from './lists.ts';

/** The tables that a batch fills with thousands of rows. */
const filled = ['documents', 'document_versions', 'document_tags', 'document_texts', 'sync_copies'];

/**
 * Triggers of an insert into them whose work `doInSets` does. Where there is any other one, all of them run as
 * usual; but for those that always run, which work by the statement.
 */
const known = [
  'documents_keep_to_their_decision',
  'documents_to_search_insert',
  'document_versions_to_search',
  'document_texts_to_search',
  'document_tags_to_search_insert',
];

/** Of `pg_trigger.tgtype`: fires on INSERT. */
const onInsert = 4;

/**
 * Inserts of thousands of documents in one transaction, without what PostgreSQL does by the row and we can have
 * done in sets. `documents` writes to the tables in `filled` alone and returns the new documents' ids; `others`
 * writes what else there is of them, with every check and trigger as usual. It all ends with the transaction, so
 * no kill can leave anything of it behind.
 */
export async function withBulkLoad(
  tx: Transaction,
  o: { lists: Lists; documents: () => Promise<number[]>; others: (ids: number[]) => Promise<void> },
): Promise<void> {
  const indexes = await tx.$queryRaw<{ name: string }[]>`
    SELECT i.indexrelid::regclass::text AS name
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
    WHERE i.indrelid = ANY(${[...filled, 'document_search']}::regclass[]) AND a.amname = 'gin'
      AND c.reloptions @> '{fastupdate=off}'
    ORDER BY i.indexrelid`;
  // In kB: the whole batch has room in the list.
  await tx.$executeRaw`SELECT set_config('gin_pending_list_limit', '1000000', true)`;
  // New entries of GIN indexes go to a list first, and are sorted in all at once: a fifth of the time. The
  // names come from the catalogue, quoted. Others wait for the index until the commit.
  for (const { name } of indexes) await tx.$executeRawUnsafe(`ALTER INDEX ${name} SET (fastupdate = on)`);
  const off = await switchTriggersOff(tx, o.lists);
  const ids = await o.documents();
  if (off) await tx.$executeRaw`SELECT set_config('session_replication_role', 'origin', true)`;
  await o.others(ids);
  if (off) await doInSets(tx, ids);
  for (const { name } of indexes) {
    await tx.$executeRawUnsafe(`ALTER INDEX ${name} SET (fastupdate = off)`);
    await tx.$executeRaw`SELECT gin_clean_pending_list(${name}::regclass)`;
  }
}

/**
 * Checks and locks what a batch refers to once, instead of once for each of its rows (ten checks a document,
 * a third of the whole cost), and switches those checks and our own triggers off. Only a superuser may, as on
 * the embedded PostgreSQL; elsewhere everything stays on, and so it does where a table has a trigger that we do
 * not know.
 */
async function switchTriggersOff(tx: Transaction, lists: Lists): Promise<boolean> {
  const [row] = await tx.$queryRaw<{ may: boolean }[]>`
    SELECT current_setting('is_superuser') = 'on' AND NOT EXISTS (
      SELECT 1 FROM pg_trigger
      WHERE NOT tgisinternal AND tgrelid = ANY(${filled}::regclass[]) AND tgtype::int & ${onInsert}::int <> 0
        AND tgenabled <> 'A' AND NOT tgname = ANY(${known}::text[])) AS may`;
  if (!row?.may) return false;
  for (const [table, ids] of Object.entries(lists.ids)) {
    const [found] = await tx.$queryRawUnsafe<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM (SELECT FROM ${table} WHERE id = ANY($1::int[]) ORDER BY id FOR KEY SHARE) held`,
      ids,
    );
    if (found?.count !== ids.length) throw new Error(`one of the ${table} was removed while seeding`);
  }
  await tx.$executeRaw`SELECT set_config('session_replication_role', 'replica', true)`;
  return true;
}

/** What the triggers would have done. */
async function doInSets(tx: Transaction, ids: number[]): Promise<void> {
  const [odd] = await tx.$queryRaw<{ id: number }[]>`
    SELECT d.id FROM documents d LEFT JOIN validation_requests r ON r.document_id = d.id
    WHERE d.id = ANY(${ids}) AND d.validation_status <> 'na' AND NOT coalesce(
      r.version = d.version AND r.amount IS NOT DISTINCT FROM d.amount AND r.currency = d.currency
      AND (d.validation_status = 'pending') = (r.decided_at IS NULL), FALSE)
    LIMIT 1`;
  if (odd) throw new Error(`document ${odd.id} is not what its validation is about`);
  await insertSearch(tx, ids);
}

/** What PostgreSQL is told so that it computes by two processes what one statement reads of a batch. */
const inParallel = {
  max_parallel_workers_per_gather: '1',
  parallel_setup_cost: '0',
  parallel_tuple_cost: '0',
  min_parallel_table_scan_size: '0',
  min_parallel_index_scan_size: '0',
  // By the primary keys, whatever PostgreSQL believes the size of tables that have just been filled to be.
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_seqscan: 'off',
};

/**
 * As `search_rebuild` does it, but for the words: they are half of the whole cost, and a statement that inserts
 * would compute them in one process.
 */
async function insertSearch(tx: Transaction, ids: number[]): Promise<void> {
  for (const [name, value] of Object.entries(inParallel))
    await tx.$executeRaw`SELECT set_config(${name}, ${value}, true)`;
  await tx.$executeRaw`
    CREATE TEMPORARY TABLE seed_words ON COMMIT DROP AS
    SELECT document_id, heads, refs, words FROM document_search_source WHERE document_id = ANY(${ids}::int[])`;
  await tx.$executeRaw`
    INSERT INTO document_search (document_id, owner_id, document_type_id, correspondent_id, tag_ids, amount, created_at,
      trashed, heads, refs, words)
    SELECT s.document_id, s.owner_id, s.document_type_id, s.correspondent_id, s.tag_ids, s.amount, s.created_at, s.trashed,
      w.heads, w.refs, w.words
    FROM seed_words w JOIN document_search_source s ON s.document_id = w.document_id`;
  await tx.$executeRaw`SELECT search_learn(array_agg(title)) FROM documents WHERE id = ANY(${ids}::int[])`;
}
