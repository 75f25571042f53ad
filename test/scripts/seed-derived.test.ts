import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/client.ts';
import { createTestDatabase } from '../support/database.ts';
import { runSeed } from '../support/seed.ts';

/** An empty database whose owner is not a superuser, as on a PostgreSQL that others run. */
async function createOrdinaryDatabase() {
  const database = await createTestDatabase({ migrated: false });
  const url = new URL(database.url);
  const name = `owner_${randomBytes(4).toString('hex')}`;
  const administrator = new pg.Client({ connectionString: inject('clusterUrl') });
  await administrator.connect();
  await administrator.query(`CREATE ROLE ${name} LOGIN PASSWORD 'an ordinary one'`);
  await administrator.query(`ALTER DATABASE ${url.pathname.slice(1)} OWNER TO ${name}`);
  url.username = name;
  url.password = 'an ordinary one';
  return {
    url: url.href,
    async drop() {
      await database.drop();
      await administrator.query(`DROP ROLE ${name}`);
      await administrator.end();
    },
  };
}

/** What searches and counts read of the documents. */
async function readDerived(db: Database) {
  const search = await db.$queryRaw<object[]>`
    SELECT document_id, owner_id, document_type_id, correspondent_id, tag_ids, amount::text, created_at::text, trashed,
      heads::text, words::text, refs
    FROM document_search ORDER BY document_id`;
  const counts = await db.$queryRaw<{ dimension: string; count: number }[]>`
    SELECT dimension, key, owner_id, sum(count)::int AS count
    FROM (SELECT dimension, key, owner_id, count FROM document_counts
      UNION ALL SELECT dimension, key, owner_id, change FROM document_count_changes) AS parts
    GROUP BY 1, 2, 3 HAVING sum(count) <> 0 ORDER BY 1, 2, 3`;
  const spans = await db.$queryRaw<object[]>`
    SELECT created_at, document_id, sum(count)::int AS count
    FROM (SELECT created_at, document_id, count FROM document_spans
      UNION ALL SELECT created_at, document_id, change FROM document_span_changes) AS parts
    GROUP BY 1, 2 ORDER BY 1, 2`;
  const differences = await db.$queryRaw<object[]>`SELECT * FROM document_count_differences`;
  const vocabulary = await db.$queryRaw<object[]>`SELECT word FROM search_vocabulary ORDER BY word`;
  return { search, counts, spans, differences, vocabulary };
}

describe('what the server derives of 250 synthetic documents', () => {
  const opened: (() => Promise<void>)[] = [];
  let bySets: Database;
  let byTriggers: Database;

  async function seeded(database: { url: string; drop: () => Promise<void> }): Promise<Database> {
    const { db, close } = createDatabase({ url: database.url, connections: 2, onError: () => undefined });
    opened.push(async () => {
      await close();
      await database.drop();
    });
    const run = await runSeed(['--documents', '250'], {
      DATABASE_URL: database.url,
      DATA_DIR: await mkdtemp(path.join(tmpdir(), 'seed-')),
    });
    expect(run).toMatchObject({ code: 0, errors: '' });
    return db;
  }

  beforeAll(async () => {
    bySets = await seeded(await createTestDatabase());
    byTriggers = await seeded(await createOrdinaryDatabase());
  });
  afterAll(async () => {
    for (const close of opened) await close();
  });

  test('is there for each of them', async () => {
    const { search, counts, differences } = await readDerived(bySets);
    expect(search).toHaveLength(250);
    const all = counts
      .filter(({ dimension }) => dimension === 'all')
      .reduce((sum, row) => sum + row.count, 0);
    expect(all).toBe(250);
    expect(differences).toEqual([]);
    expect(new Set(counts.map(({ dimension }) => dimension))).toEqual(
      new Set(['all', 'type', 'correspondent', 'tag', 'status']),
    );
  });

  test('is what the triggers make of them, where no superuser may switch them off', async () => {
    const [row] = await byTriggers.$queryRaw<
      { super: string }[]
    >`SELECT current_setting('is_superuser') AS super`;
    expect(row?.super).toBe('off');
    const [sets, triggers] = [await readDerived(bySets), await readDerived(byTriggers)];
    expect(sets.counts).toEqual(triggers.counts);
    expect(sets.spans).toEqual(triggers.spans);
    expect(sets.vocabulary).toEqual(triggers.vocabulary);
    expect(sets.search).toEqual(triggers.search);
  });
});
