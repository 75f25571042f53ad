import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../src/database/client.ts';
import { Prisma } from '../../../src/database/generated/client.ts';
import type { SessionUser } from '../../../src/http/request.ts';
import { createSearchService, type SearchService } from '../../../src/modules/search/search.service.ts';
import { searchCondition } from '../../../src/modules/search/search-condition.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';

/** How the statements of searches are run among 20,000 documents: by their indexes, whatever is asked for. */

let t: TestApp;
let search: SearchService;
let member: SessionUser;
let seer: SessionUser;
let administrator: SessionUser;
/** the statements that went to the database */
let sent: Prisma.Sql[] = [];

beforeAll(async () => {
  t = await startTestApp();
  const user = { username: '', displayName: '', email: null, isAdmin: false, seesMore: false };
  member = { ...user, id: (await t.member()).id };
  seer = { ...member, seesMore: true };
  administrator = { ...user, id: t.admin.id, isAdmin: true };
  await t.db
    .$executeRaw`INSERT INTO correspondents (name, updated_at) SELECT 'Client' || n, now() FROM generate_series(1, 200) n`;
  await t.db
    .$executeRaw`INSERT INTO tags (name, updated_at) SELECT 'tag' || n, now() FROM generate_series(1, 50) n`;
  await t.db.$transaction(
    async (tx) => {
      await tx.$executeRaw`SELECT set_config('session_replication_role', 'replica', true)`;
      await tx.$executeRaw`
        INSERT INTO documents (owner_id, title, document_type_id, correspondent_id, sha256, filed_month, filed_name, filed_key, created_at)
        SELECT CASE WHEN n % 100 = 0 THEN ${member.id}::int ELSE ${administrator.id}::int END,
          CASE WHEN n % 3 = 0 THEN 'Facture ' ELSE 'Contrat ' END || md5(n::text) || CASE WHEN n % 4000 = 0 THEN ' Quetzal' ELSE '' END,
          1 + n % 4, (SELECT min(id) FROM correspondents) + n % 200, md5(n::text) || md5(n::text), '2026-01-01', n || '.txt', n || '.txt',
          now() - n * interval '1 minute'
        FROM generate_series(1, 20000) n`;
      await tx.$executeRaw`
        INSERT INTO document_versions (document_id, number, sha256, file_size, mime_type, original_filename, created_by_id)
        SELECT id, 1, sha256, 1, 'text/plain', filed_name, owner_id FROM documents`;
      await tx.$executeRaw`
        INSERT INTO document_tags (document_id, tag_id) SELECT id, (SELECT min(id) FROM tags) + id % 50 FROM documents`;
      await tx.$executeRaw`SELECT search_rebuild()`;
    },
    { timeout: 120_000 },
  );
  await t.db
    .$executeRaw`VACUUM ANALYZE documents, document_versions, document_tags, document_search, correspondents, tags`;
  const db = {
    // A statement, or the template of one.
    $queryRaw: (asked: Prisma.Sql | TemplateStringsArray, ...values: unknown[]) => {
      const statement = asked instanceof Prisma.Sql ? asked : Prisma.sql(asked, ...values);
      sent.push(statement);
      return t.db.$queryRaw(statement);
    },
  } as unknown as Database;
  search = createSearchService({ db });
}, 120_000);
afterAll(() => t.close());

interface Node {
  'Node Type': string;
  'Index Name'?: string;
  'Relation Name'?: string;
  Plans?: Node[];
}

/** The indexes that a statement is run by, and the tables that are read from end to end. */
async function planOf({ text, values }: Prisma.Sql, mode: string) {
  const nodes: Node[] = [];
  const walk = (node: Node) => {
    nodes.push(node);
    for (const plan of node.Plans ?? []) walk(plan);
  };
  await t.db.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT set_config('plan_cache_mode', ${mode}, true)`;
    const [row] = await tx.$queryRawUnsafe<{ 'QUERY PLAN': { Plan: Node }[] }[]>(
      `EXPLAIN (FORMAT JSON) ${text.replace('/* prepared */', '')}`,
      ...values,
    );
    for (const { Plan } of row?.['QUERY PLAN'] ?? []) walk(Plan);
  });
  return {
    indexes: new Set(nodes.map((node) => node['Index Name'])),
    readWhole: nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name']),
  };
}

/** The statements of one request, but for those that read no document. */
async function statementsOf(request: () => Promise<unknown>): Promise<Prisma.Sql[]> {
  sent = [];
  await request();
  return sent.filter(({ text }) => /document_search/.test(text));
}

const modes = ['force_custom_plan', 'force_generic_plan'];
const page = { page: 1, per_page: 20 };
const large = ['document_search', 'documents', 'document_versions', 'document_tags', 'document_texts'];

test.each([
  ['a word in a third of them', { q: 'facture' }],
  ['a rare word', { q: 'quetzal' }],
  ['several words', { q: 'facture quetzal -contrat' }],
  ['a phrase', { q: '"facture quetzal"' }],
  ['a beginning', { q: 'quetz*' }],
  ['a number', { q: '4000' }],
  ['a correspondent by name', { q: 'client17' }],
  ['a tag by name', { q: 'tag17' }],
])('%s: by the index of words, for everybody', async (_, query) => {
  for (const user of [administrator, member, seer])
    for (const statement of await statementsOf(() => search.search({ user, query: { ...page, ...query } })))
      for (const mode of modes) {
        const { indexes, readWhole } = await planOf(statement, mode);
        expect([...indexes]).toContain('document_search_found_idx');
        expect(readWhole.filter((name) => large.includes(name ?? ''))).toEqual([]);
      }
});

test('a member’s broad search reads no document of others: one index knows words and owners', async () => {
  const [statement] = await statementsOf(() =>
    search.search({ user: member, query: { ...page, q: 'facture' } }),
  );
  expect(statement).toBeDefined();
  const [row] = await t.db.$queryRawUnsafe<{ 'QUERY PLAN': unknown }[]>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${statement?.text.replace('/* prepared */', '')}`,
    ...(statement?.values ?? []),
  );
  const plan = JSON.stringify(row);
  expect(plan).toMatch(/"Index Name":"document_search_found_idx".{0,400}"Actual Rows":66[.,]/);
});

test('correspondents and tags without words: by the indexes of their own tables', async () => {
  const [by] = await statementsOf(() =>
    search.search({ user: administrator, query: { ...page, correspondent_id: 17 } }),
  );
  const [tagged] = await statementsOf(() =>
    search.search({ user: administrator, query: { ...page, tag_ids: [17] } }),
  );
  for (const statement of [by, tagged]) {
    const { indexes, readWhole } = await planOf(statement ?? Prisma.empty, 'auto');
    expect([...indexes]).toContain('document_search_pkey');
    expect(readWhole.filter((name) => large.includes(name ?? ''))).toEqual([]);
  }
});

test('suggestions: by a walk through the newest and the index of words, whatever is typed', async () => {
  for (const user of [administrator, member])
    for (const mode of modes) {
      const [statement] = await statementsOf(() => search.suggest({ user, q: 'fac', limit: 10 }));
      const { indexes, readWhole } = await planOf(statement ?? Prisma.empty, mode);
      const walk = user.isAdmin ? 'document_search_created_idx' : 'document_search_owner_created_idx';
      expect([...indexes]).toEqual(expect.arrayContaining([walk, 'document_search_found_idx']));
      expect(readWhole.filter((name) => large.includes(name ?? ''))).toEqual([]);
    }
});

test('suggestions for a rare beginning look at a thousand documents, and at those that have it', async () => {
  const [{ text, values } = Prisma.empty] = await statementsOf(() =>
    search.suggest({ user: administrator, q: 'quetz', limit: 10 }),
  );
  const [row] = await t.db.$queryRawUnsafe<{ 'QUERY PLAN': unknown }[]>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${text.replace('/* prepared */', '')}`,
    ...values,
  );
  const looked = [
    ...JSON.stringify(row).matchAll(/"Relation Name":"document_search".*?"Actual Rows":(\d+)/g),
  ];
  expect(looked.map((match) => Number(match[1])).toSorted()).toEqual([1000, 5]);
});

test('a list narrowed by words reads no table from end to end', async () => {
  for (const query of ['quetzal', 'facture', 'client17', '4000']) {
    const condition = await searchCondition(t.db, query, { trashed: false });
    const statement = Prisma.sql`SELECT count(*) FROM documents d WHERE d.trashed_at IS NULL AND ${condition ?? Prisma.empty}`;
    const { indexes, readWhole } = await planOf(statement, 'auto');
    expect([...indexes]).toContain('document_search_found_idx');
    expect(readWhole).not.toContain('document_search');
  }
});
