import { type Database, prepared, readRows } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import type { SessionUser } from '../../http/request.ts';
import { type DocumentRow, joins, ownColumns, toAnswer } from '../documents/documents.queries.ts';
import type { DocumentAnswer } from '../documents/documents.schemas.ts';
import { createdBounds } from '../documents/list.queries.ts';
import { visibleTo } from '../documents/visibility.ts';
import { type Facets, facetRows, facetsOf } from './facets.ts';
import type { SearchQuery } from './search.schemas.ts';
import { conditionsOf } from './search-condition.ts';
import { type NamedTerm, nameTerms, type ReadTerm } from './terms.queries.ts';

export interface Found {
  documents: { document: DocumentAnswer; excerpt: string | null }[];
  total: number;
  facets: Facets;
}

/**
 * So many of the best by title, file name and names are ranked again by all their words, text too: three pages, since
 * the words of each are read from outside of its row.
 */
const rankedByText = 60;

/** Of a longer text than this, only the part around the first place that looks like a match is read. */
const wholeText = 4000;
const textAround = 2000;

function filtersOf({ q: _, ...query }: SearchQuery, { narrow }: { narrow: boolean }): Prisma.Sql[] {
  const { correspondent_id: correspondent, document_type_id: type, amount_min: min, amount_max: max } = query;
  const tags = [...(query['tag_ids[]'] ?? []), ...(query.tag_ids ?? [])];
  const filters: Prisma.Sql[] = [];
  // Where words narrow the search, what they find is looked through; else the tables' own indexes lead the way.
  if (correspondent) {
    filters.push(Prisma.sql`d.correspondent_id = ${correspondent}`);
    if (!narrow)
      filters.push(
        Prisma.sql`d.document_id = ANY(ARRAY(SELECT c.id FROM documents c WHERE c.correspondent_id = ${correspondent}))`,
      );
  }
  if (tags.length > 0) {
    filters.push(Prisma.sql`d.tag_ids @> ${tags}::int[]`);
    if (!narrow)
      filters.push(
        Prisma.sql`d.document_id = ANY(ARRAY(SELECT x.document_id FROM document_tags x WHERE x.tag_id = ${tags[0]}))`,
      );
  }
  if (type) filters.push(Prisma.sql`d.document_type_id = ${type}`);
  if (min !== undefined) filters.push(Prisma.sql`d.amount >= ${min}::numeric`);
  if (max !== undefined) filters.push(Prisma.sql`d.amount <= ${max}::numeric`);
  return [...filters, ...createdBounds(query)];
}

/** How well a row `d` fits, but for its text: by title and file name, and whether it is named. */
function scoreOf(wanted: NamedTerm[], ranking: string): Prisma.Sql {
  const correspondents = wanted.flatMap((term) => term.correspondents);
  const tags = wanted.flatMap((term) => term.tags);
  const parts = [Prisma.sql`ts_rank(d.heads, ${ranking}::tsquery)`];
  if (correspondents.length > 0)
    parts.push(
      Prisma.sql`CASE WHEN d.correspondent_id = ANY(${correspondents}::int[]) THEN 0.6 ELSE 0 END::float4`,
    );
  if (tags.length > 0)
    parts.push(Prisma.sql`CASE WHEN d.tag_ids && ${tags}::int[] THEN 0.55 ELSE 0 END::float4`);
  return Prisma.join(parts, ' + ');
}

/** The page: its documents' ids, places and tags. Ties are for the newest, so that pages never overlap. */
function pageOf(ranking: string | null, { page, per_page: rows }: SearchQuery): Prisma.Sql {
  const offset = (page - 1) * rows;
  if (ranking === null || offset >= rankedByText) {
    const score = Prisma.raw(ranking === null ? '' : 'score DESC, ');
    return Prisma.sql`SELECT id, tags, row_number() OVER () AS place FROM (
      SELECT id, tags FROM hits ORDER BY ${score}created_at DESC, id DESC LIMIT ${rows} OFFSET ${offset}::bigint) f`;
  }
  return Prisma.sql`SELECT id, tags, row_number() OVER () AS place FROM (
    SELECT f.id, f.tags FROM (
      SELECT id, tags, score, row_number() OVER () AS place FROM (
        SELECT id, tags, score FROM hits ORDER BY score DESC, created_at DESC, id DESC
        LIMIT ${Math.max(rankedByText, offset + rows)}) f) f
    LEFT JOIN document_search s ON s.document_id = f.id AND f.place <= ${rankedByText}
    ORDER BY f.place > ${rankedByText}, f.score + ts_rank(s.words, ${ranking}::tsquery) DESC, f.place
    LIMIT ${rows} OFFSET ${offset}) f`;
}

/** The most frequent of one kind, by name where they are as frequent, as JSON. */
function facetOf(counted: Prisma.Sql, table: string, name: string): Prisma.Sql {
  return Prisma.sql`coalesce((
    SELECT json_agg(json_build_object('id', f.id, 'name', f.name, 'count', f.count)) FROM (
      SELECT c.id, c.${Prisma.raw(name)} AS name, f.count FROM (${counted}) f JOIN ${Prisma.raw(table)} c ON c.id = f.id
      ORDER BY f.count DESC, c.${Prisma.raw(name)} COLLATE "und-x-icu", c.id LIMIT ${facetRows}) f), '[]')`;
}

/**
 * Whether one plan serves all values: words without a filter, on the first pages. The index of words leads the
 * way, whatever they are.
 */
function isPlannedOnce(query: SearchQuery, terms: NamedTerm[] | null): boolean {
  const { q: _, page, per_page: rows, order_by: order, ...filters } = query;
  const isPlain = (term: NamedTerm) =>
    !term.negated && term.part === null && term.correspondents.length === 0 && term.tags.length === 0;
  return (
    Object.values(filters).every((value) => value === undefined) &&
    order !== 'created_at' &&
    page * rows <= rankedByText &&
    terms !== null &&
    terms.length > 0 &&
    (terms.every(isPlain) || (terms.length === 1 && !terms[0]?.negated))
  );
}

interface Asked {
  user: SessionUser;
  query: SearchQuery;
  /** null: no words were asked for */
  terms: NamedTerm[] | null;
  /** what the words look like in a text, as a regular expression; null: no text is to be shown */
  pattern: string | null;
}

/** Whether a correspondent or a tag has a name with one of the terms, as a table `named`: of a row, or of none. */
const namedBy = (terms: readonly ReadTerm[]) => {
  const any = Prisma.sql`(SELECT ${terms.map((term) => `(${term.query})`).join(' | ')}::tsquery)`;
  return Prisma.sql`named AS MATERIALIZED (
    (SELECT 1 FROM correspondents c WHERE search_name(c.name) @@ ${any} LIMIT 1)
    UNION ALL (SELECT 1 FROM tags g WHERE search_name(g.name) @@ ${any} LIMIT 1)),`;
};

/** A document as JSON tells of it: times and days as text, tags by their ids. */
type DocumentJson = {
  [K in Exclude<keyof DocumentRow, 'tags'>]: DocumentRow[K] extends Date | null
    ? string | null
    : DocumentRow[K];
} & { tag_ids: number[]; excerpt: string | null };

interface AnswerJson {
  total: number;
  /** null: all of the hits are among the documents */
  facets: Facets | null;
  /** all that a document has of the page, by name */
  tags: DocumentRow['tags'];
  documents: DocumentJson[];
}

const moment = (text: string | null) => new Date(text ?? Number.NaN);
const toRow = (json: DocumentJson, tags: DocumentRow['tags']): DocumentRow => ({
  ...json,
  filed_month: moment(json.filed_month),
  document_date: json.document_date === null ? null : moment(json.document_date),
  created_at: moment(json.created_at),
  updated_at: moment(json.updated_at),
  trashed_at: json.trashed_at === null ? null : moment(json.trashed_at),
  tags: tags.filter((tag) => json.tag_ids.includes(tag.id)),
});

/**
 * One page of what a user may see and a search finds, its total and its facets, in one statement: the hits are
 * found once and counted once, by type, correspondent and tags together. With `unless`, null where a correspondent
 * or a tag has one of these terms in its name: nothing is looked for then.
 */
async function find(
  db: Database,
  { user, query, terms, pattern }: Asked,
  unless?: readonly ReadTerm[],
): Promise<Found | null> {
  const wanted = terms?.filter((term) => !term.negated) ?? [];
  const ranking =
    wanted.length > 0 && query.order_by !== 'created_at'
      ? wanted.map((term) => `(${term.query})`).join(' & ')
      : null;
  const once = isPlannedOnce(query, terms);
  const conditions = [
    ...(unless ? [Prisma.sql`NOT EXISTS (SELECT FROM named)`] : []),
    ...(terms ? conditionsOf(terms, { hidden: once }) : [Prisma.sql`NOT d.trashed`]),
    visibleTo(user, { hidden: once }),
    ...filtersOf(query, { narrow: wanted.length > 0 }),
  ];
  // As JSON: one row has all three.
  const statement = Prisma.sql`
    ${once ? prepared : Prisma.empty} WITH ${unless ? namedBy(unless) : Prisma.empty}
    hits AS MATERIALIZED (
      SELECT d.id, d.created_at, d.document_type_id AS type, d.correspondent_id AS correspondent, d.tag_ids AS tags,
        ${ranking === null ? Prisma.sql`0::float4` : scoreOf(wanted, ranking)} AS score
      FROM (SELECT s.*, s.document_id AS id FROM document_search s) d WHERE ${Prisma.join(conditions, ' AND ')}),
    cells AS MATERIALIZED (SELECT type, correspondent, tags, count(*)::int AS n FROM hits GROUP BY 1, 2, 3),
    page AS (${pageOf(ranking, query)})
    SELECT ${unless ? Prisma.sql`EXISTS (SELECT FROM named)` : Prisma.sql`FALSE`} AS named,
      json_build_object(
        'total', coalesce((SELECT sum(n)::int FROM cells), 0),
        'facets', CASE WHEN (SELECT sum(n) FROM cells) > ${query.page === 1 ? query.per_page : 0} THEN json_build_object(
          'correspondents', ${facetOf(Prisma.sql`SELECT correspondent AS id, sum(n)::int AS count FROM cells GROUP BY 1`, 'correspondents', 'name')},
          'document_types', ${facetOf(Prisma.sql`SELECT type AS id, sum(n)::int AS count FROM cells GROUP BY 1`, 'document_types', 'label')},
          'tags', ${facetOf(Prisma.sql`SELECT id, sum(n)::int AS count FROM (SELECT unnest(tags) AS id, n FROM cells) u GROUP BY 1`, 'tags', 'name')}) END,
        'tags', coalesce((SELECT json_agg(json_build_object('id', g.id, 'name', g.name, 'color', g.color) ORDER BY g.name, g.id)
          FROM tags g WHERE g.id = ANY(ARRAY(SELECT unnest(tags) FROM page))), '[]'),
        'documents', coalesce((SELECT json_agg(r ORDER BY r.place) FROM (
          SELECT p.place, ${ownColumns}, p.tags AS tag_ids, ${excerptOf(pattern)} AS excerpt
          FROM page p JOIN documents d ON d.id = p.id
          ${joins}
          LEFT JOIN document_texts x ON x.document_id = d.id AND x.version = d.version) r), '[]'))::text AS answer`;
  const [row] = await readRows<{ named: boolean; answer: string }>(db, statement);
  if (!row || row.named) return null;
  const answer = JSON.parse(row.answer) as AnswerJson;
  const documents = answer.documents.map((json) => ({
    document: toAnswer(toRow(json, answer.tags)),
    excerpt: json.excerpt,
  }));
  const { total, facets } = answer;
  return { documents, total, facets: facets ?? facetsOf(documents.map(({ document }) => document)) };
}

/**
 * What a search finds. Few words are in the name of a correspondent or a tag: that none is, is seen on the way.
 * Where one is, it is looked up which.
 */
export async function findDocuments(
  db: Database,
  { terms, ...asked }: Omit<Asked, 'terms'> & { terms: ReadTerm[] | null },
): Promise<Found> {
  const nothing = { documents: [], total: 0, facets: { correspondents: [], document_types: [], tags: [] } };
  if (terms?.length === 0) return nothing;
  if (terms) {
    const unnamed = terms.map((term) => ({ ...term, correspondents: [], tags: [] }));
    const found = await find(db, { ...asked, terms: unnamed }, terms);
    if (found) return found;
  }
  return (await find(db, { ...asked, terms: terms && (await nameTerms(db, terms)) })) ?? nothing;
}

/** Of the text `x`, what is enough to show a match in it. */
function excerptOf(pattern: string | null): Prisma.Sql {
  if (pattern === null) return Prisma.sql`NULL`;
  return Prisma.sql`CASE WHEN octet_length(x.text) <= ${wholeText} THEN x.text ELSE substr(x.text,
    greatest(1, regexp_instr(left(x.text, 200000), ${pattern}) - ${textAround / 2}::int), ${textAround}::int) END`;
}
