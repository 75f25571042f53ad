import pg from 'pg';
import { startBare } from './bare.ts';
import type { BareRoutes } from './bare-worker.ts';

/**
 * The reference for searches: a table and queries as a good engineer lays them down by hand for this and nothing
 * else. One language, no highlights, no total, no facets, nobody's permissions but an owner's. It has its own
 * table since ours keeps the text's words apart from its rows, where `ts_rank` is several times slower.
 */
const table = `
  CREATE SCHEMA bench;
  CREATE TABLE bench.papers (document_id int PRIMARY KEY, owner_id int NOT NULL, title text NOT NULL, words tsvector NOT NULL)
    WITH (toast_tuple_target = 8160);
  ALTER TABLE bench.papers ALTER words SET STORAGE MAIN;
  INSERT INTO bench.papers
    SELECT d.id, d.owner_id, d.title, setweight(to_tsvector('classeur_french', d.title), 'A') || to_tsvector('classeur_french', x.text)
    FROM documents d JOIN document_texts x ON x.document_id = d.id;
  CREATE INDEX ON bench.papers USING gin (words, owner_id) WITH (fastupdate = off);
  CREATE INDEX ON bench.papers USING gin (title gin_trgm_ops) WITH (fastupdate = off);
  CREATE INDEX ON bench.papers (owner_id)`;

const ranked = (whose: string) => `
  WITH best AS (
    SELECT p.document_id, ts_rank(p.words, q.query) AS rank
    FROM bench.papers p, websearch_to_tsquery('classeur_french', $1) AS q (query)
    WHERE p.words @@ q.query ${whose}
    ORDER BY rank DESC, p.document_id DESC LIMIT 20)
  SELECT d.id, d.title, d.filed_name AS filename, d.document_date::text AS document_date, d.amount::float8 AS amount,
    d.currency, d.created_at, t.label AS document_type_label, c.name AS correspondent_name, best.rank
  FROM best JOIN documents d ON d.id = best.document_id
  JOIN document_types t ON t.id = d.document_type_id LEFT JOIN correspondents c ON c.id = d.correspondent_id
  ORDER BY best.rank DESC, d.id DESC`;

const titles = (whose: string) => `
  SELECT DISTINCT title FROM bench.papers WHERE title ILIKE $1 || '%' ${whose} LIMIT 10`;

const routes: BareRoutes = {
  '/all': { documents: { sql: ranked(''), values: ['q'] } },
  '/own': { documents: { sql: ranked('AND p.owner_id = $2'), values: ['q', 'owner'] } },
  '/all/suggest': { suggestions: { sql: titles(''), values: ['q'] } },
  '/own/suggest': { suggestions: { sql: titles('AND owner_id = $2'), values: ['q', 'owner'] } },
};

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Makes the reference's table where it is not there, and serves its queries: `/all?q=`, `/own?q=&owner=`, and `/suggest` below each. */
export async function startHandWritten(url: string) {
  await withClient(url, async (client) => {
    const { rows } = await client.query(`SELECT to_regclass('bench.papers') AS found`);
    if (rows[0]?.found === null) {
      await client.query(table);
      await client.query('VACUUM ANALYZE bench.papers');
    }
  });
  return startBare({ url, routes });
}
