import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Prisma } from '../../../src/database/generated/client.ts';
import { listQuery } from '../../../src/modules/documents/documents.schemas.ts';
import { listDocuments } from '../../../src/modules/documents/list.queries.ts';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { addMany } from './many-documents.ts';
import { uploaded } from './papers.ts';

let server: TestApp;
let member: Client;
let firm: number;
let tags: number[];

beforeAll(async () => {
  server = await startTestApp();
  member = await server.member();
  firm = (await server.db.correspondent.create({ data: { name: 'Firm' } })).id;
  tags = [];
  for (const name of ['often', 'seldom']) tags.push((await server.db.tag.create({ data: { name } })).id);
  const owners = [...Array<number>(19).fill(server.admin.id), member.id];
  const often = Array<number>(19).fill(tags[0] ?? 0);
  await addMany(server.db, { count: 20_000, owners, correspondents: [firm], tags: [...often, tags[1] ?? 0] });
  await server.services.counts.fold();
  // Not folded in: documents that came, that went to the trash, and that came back from it.
  await server.db.$executeRaw`UPDATE documents SET trashed_at = now(), trashed_by_id = 1 WHERE id % 31 = 0`;
  await server.services.counts.fold();
  await server.db.$executeRaw`UPDATE documents SET trashed_at = now(), trashed_by_id = 1 WHERE id % 37 = 0`;
  await server.db.$executeRaw`UPDATE documents SET trashed_at = NULL, trashed_by_id = NULL WHERE id % 62 = 0`;
  for (let i = 0; i < 3; i++) await uploaded(i % 2 ? member : server.admin);
  await server.db.$executeRaw`ANALYZE documents, document_tags, document_versions`;
}, 120_000);
afterAll(() => server.close());

const ids = async (where: string, order: string) => {
  const rows = await server.db.$queryRawUnsafe<{ id: number }[]>(
    `SELECT id FROM documents d WHERE ${where} ORDER BY ${order}`,
  );
  return rows.map((row) => row.id);
};

/** A page's ids, and the total it tells. */
async function ask(client: Client, query: string): Promise<{ rows: number[]; total: number }> {
  const { body } = await client.get(`/documents?${query}`);
  return { rows: body.data.map((row: { id: number }) => row.id), total: body.pagination.total };
}

describe('the list of all documents', () => {
  const whole = 'trashed_at IS NULL';

  test.each(['DESC', 'ASC'])('has every document once, page after page, however deep (%s)', async (order) => {
    const expected = await ids(whole, `created_at ${order}, id ${order}`);
    const seen: number[] = [];
    for (let page = 1; page <= Math.ceil(expected.length / 100); page++) {
      const { rows, total } = await ask(server.admin, `per_page=100&page=${page}&order=${order}`);
      expect(total).toBe(expected.length);
      seen.push(...rows);
    }
    expect(seen).toEqual(expected);
    for (const page of [123, 457, 901, 2000]) {
      const { rows } = await ask(server.admin, `per_page=7&page=${page}&order=${order}`);
      expect(rows).toEqual(expected.slice((page - 1) * 7, page * 7));
    }
    expect(await ask(server.admin, 'per_page=100&page=100000')).toEqual({ rows: [], total: expected.length });
  });

  test('is kept in spans of at most 2,000, and loses those without a document', async () => {
    const count = async () => (await server.db.documentSpan.count()) ?? 0;
    const [largest] = await server.db.$queryRaw<
      { count: number }[]
    >`SELECT max(count) AS count FROM document_spans`;
    expect(largest?.count).toBeLessThanOrEqual(2000);
    const before = await count();
    expect(before).toBeGreaterThanOrEqual(10);
    const gone = await server.db.$queryRaw<{ id: number }[]>`
      UPDATE documents SET trashed_at = now(), trashed_by_id = 1
      WHERE trashed_at IS NULL AND created_at < '2020-06-01Z' RETURNING id`;
    await server.services.counts.fold();
    expect(await count()).toBeLessThan(before);
    await server.db.$executeRaw`
      UPDATE documents SET trashed_at = NULL, trashed_by_id = NULL WHERE id = ANY(${gone.map((row) => row.id)}::int[])`;
    await server.services.counts.fold();
    expect((await ask(server.admin, 'per_page=1')).total).toBe((await ids(whole, 'id')).length);
  });
});

test('every order and every filter shows the right documents and tells the right total', async () => {
  const tagged = (tag?: number) =>
    `EXISTS (SELECT 1 FROM document_tags x WHERE x.document_id = d.id AND x.tag_id = ${tag})`;
  const filters: [string, string][] = [
    ['', 'TRUE'],
    ['document_type_id=2', 'document_type_id = 2'],
    [`correspondent_id=${firm}`, `correspondent_id = ${firm}`],
    [`tag_id=${tags[0]}`, tagged(tags[0])],
    [`tag_id=${tags[1]}`, tagged(tags[1])],
    ['status=approved', `validation_status = 'approved'`],
    [
      `status=na&document_type_id=1&tag_id=${tags[0]}`,
      `validation_status = 'na' AND document_type_id = 1 AND ${tagged(tags[0])}`,
    ],
    ['created_after=2021-06-01', `created_at >= '2021-06-01Z'`],
    ['document_type_id=99', 'FALSE'],
  ];
  const orders: [string, string][] = [
    ['order_by=created_at', 'created_at DESC, id DESC'],
    ['order_by=created_at&order=ASC', 'created_at, id'],
    ['order_by=amount&order=DESC', 'amount DESC NULLS LAST, id DESC'],
    ['order_by=document_date&order=ASC', 'document_date, id'],
    ['order_by=title&order=ASC', 'title COLLATE "und-x-icu", id'],
    ['order_by=updated_at', 'updated_at DESC, id DESC'],
  ];
  for (const client of [server.admin, member]) {
    const whose = client === member ? `owner_id = ${member.id}` : 'TRUE';
    for (const [trash, where] of [
      ['', 'trashed_at IS NULL'],
      ['&trashed=true', 'trashed_at IS NOT NULL'],
    ]) {
      for (const [filter, condition] of filters) {
        for (const [order, by] of orders) {
          const expected = await ids(`${whose} AND ${where} AND ${condition}`, by ?? '');
          for (const page of [1, 3, 9]) {
            const what = `${filter}&${order}${trash}&page=${page}`;
            const answer = { what, ...(await ask(client, what)) };
            const rows = expected.slice((page - 1) * 20, page * 20);
            expect(answer).toEqual({ what, rows, total: expected.length });
          }
        }
      }
    }
  }
}, 120_000);

describe('with many documents, the database reads no more than', () => {
  let database: pg.Client;
  beforeAll(async () => {
    await server.db.$executeRaw`VACUUM (ANALYZE)`;
    database = new pg.Client({ connectionString: server.databaseUrl });
    await database.connect();
  });
  afterAll(() => database.end());

  interface Plan {
    'Node Type': string;
    'Relation Name'?: string;
    'Index Name'?: string;
    'Actual Rows'?: number;
    'Actual Loops'?: number;
    'Rows Removed by Filter'?: number;
    Plans?: Plan[];
  }

  /** Every step of the plan that a list runs by. */
  async function planOf(client: Client, asked: string): Promise<Plan[]> {
    let statement = Prisma.empty;
    const recorder = {
      async $queryRaw(asked: Prisma.Sql) {
        statement = asked;
        return [];
      },
    };
    await listDocuments(recorder as never, {
      user: { id: client.id, isAdmin: client === server.admin, seesMore: false } as never,
      query: listQuery.parse(Object.fromEntries(new URLSearchParams(asked))),
    });
    // A statement that is kept has one plan for all values; the others are planned for theirs.
    await database.query(
      `SET plan_cache_mode = force_${/prepared/.test(statement.text) ? 'generic' : 'custom'}_plan`,
    );
    await database.query(`PREPARE list AS ${statement.text}`);
    const values = statement.values.map((value) => database.escapeLiteral(String(value)));
    const { rows } = await database.query(
      `EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE list(${values.join(', ')})`,
    );
    await database.query('DEALLOCATE list');
    const all = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(all)];
    return all(rows[0]['QUERY PLAN'][0].Plan);
  }

  test.each([
    ['admin', '', 'documents_created_idx'],
    ['admin', 'order=ASC', 'documents_created_idx'],
    ['admin', 'page=700', 'documents_created_idx'],
    ['admin', 'page=700&order=ASC', 'documents_created_idx'],
    ['admin', 'order_by=title', 'documents_title_idx'],
    ['admin', 'order_by=title&order=ASC', 'documents_title_idx'],
    ['admin', 'order_by=updated_at', 'documents_updated_idx'],
    ['admin', 'order_by=updated_at&order=ASC', 'documents_updated_idx'],
    ['admin', 'order_by=document_date', 'documents_date_idx'],
    ['admin', 'order_by=document_date&order=ASC', 'documents_date_up_idx'],
    ['admin', 'order_by=amount', 'documents_amount_idx'],
    ['admin', 'order_by=amount&order=ASC', 'documents_amount_up_idx'],
    ['admin', 'order_by=id', 'documents_pkey'],
    ['admin', 'document_type_id=2', 'documents_type_created_idx'],
    ['admin', 'correspondent_id=FIRM', 'documents_correspondent_created_idx'],
    ['admin', 'status=approved', 'documents_status_created_idx'],
    ['admin', 'tag_id=OFTEN', 'document_tags_tag_id_created_at_document_id_idx'],
    ['admin', 'tag_id=SELDOM&order=ASC', 'document_tags_tag_id_created_at_document_id_idx'],
    ['admin', 'trashed=true', 'documents_trash_created_idx'],
    ['member', '', 'documents_owner_created_idx'],
    ['member', 'page=20', 'documents_owner_created_idx'],
    ['member', 'order_by=title', null],
    ['member', 'order_by=amount&order=ASC', null],
    ['member', 'tag_id=OFTEN', 'documents_owner_created_idx'],
    ['member', 'document_type_id=2', 'documents_owner_created_idx'],
  ])('a few rows: %s, %s', async (who, query, index) => {
    const asked = query
      .replace('FIRM', `${firm}`)
      .replace('OFTEN', `${tags[0]}`)
      .replace('SELDOM', `${tags[1]}`);
    const steps = await planOf(who === 'admin' ? server.admin : member, asked);
    // Where it depends on how many are whose, no index is the right one.
    if (index !== null) expect(steps.flatMap((step) => step['Index Name'] ?? [])).toContain(index);
    const large = ['documents', 'document_tags', 'document_versions'];
    const read = steps
      .filter((step) => large.includes(step['Relation Name'] ?? ''))
      .map(
        (step) =>
          ((step['Actual Rows'] ?? 0) + (step['Rows Removed by Filter'] ?? 0)) * (step['Actual Loops'] ?? 1),
      );
    // Of a deep page, what is before it in its span; of a member's list, their own.
    expect(Math.max(...read)).toBeLessThanOrEqual(
      who === 'member' ? 1000 : query.includes('page') ? 2020 : 200,
    );
  });
});
