import type { Database, Transaction } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import { parseQuery } from './query-language.ts';
import { createReadTerms, type NamedTerm, nameTerms } from './terms.queries.ts';

/** Text to be found as it stands, inside a LIKE pattern. */
const likePattern = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** A value, or one that is hidden from the planner: its plan is then the same for all. */
const asked = (value: Prisma.Sql, hidden: boolean) => (hidden ? Prisma.sql`(SELECT ${value})` : value);

const hasName = (term: NamedTerm) => term.correspondents.length > 0 || term.tags.length > 0;

/** The documents that correspondents and tags stand for, by the indexes of their own tables. */
const named = ({ correspondents, tags }: NamedTerm, hidden: boolean) => Prisma.sql`d.document_id = ANY(ARRAY(
  SELECT c.id FROM documents c WHERE c.correspondent_id = ANY(${asked(Prisma.sql`${correspondents}::int[]`, hidden)}::int[])
  UNION ALL SELECT x.document_id FROM document_tags x WHERE x.tag_id = ANY(${asked(Prisma.sql`${tags}::int[]`, hidden)}::int[])))`;

const hasPart = (part: string, hidden: boolean) =>
  Prisma.sql`d.refs LIKE ${asked(Prisma.sql`${likePattern(part)}::text`, hidden)}`;

/** What has the term in one way or another. The part comes first: it is in the row, the words are not. */
function has(term: NamedTerm, hidden: boolean): Prisma.Sql {
  const ways = [
    ...(term.part === null ? [] : [hasPart(term.part, hidden)]),
    ...(hasName(term) ? [named(term, hidden)] : []),
    Prisma.sql`d.words @@ ${asked(Prisma.sql`${term.query}::tsquery`, hidden)}`,
  ];
  return Prisma.sql`(${Prisma.join(ways, ' OR ')})`;
}

/** What lacks the term in each way but for its words. */
function lacks(term: NamedTerm): Prisma.Sql[] {
  return [
    ...(term.part === null ? [] : [Prisma.sql`NOT ${hasPart(term.part, false)}`]),
    ...(term.correspondents.length === 0
      ? []
      : [Prisma.sql`(d.correspondent_id <> ALL(${term.correspondents}::int[])) IS NOT FALSE`]),
    ...(term.tags.length === 0 ? [] : [Prisma.sql`NOT d.tag_ids && ${term.tags}::int[]`]),
  ];
}

const each = (terms: NamedTerm[], operator: '&' | '|') =>
  terms.map((term) => `(${term.query})`).join(` ${operator} `);

/**
 * The conditions on rows `d` of document_search that have all the terms and none of the negated ones, and are not
 * in the trash (or are, for `trashed`). All that is asked of the words alone is one `tsquery`, which the index
 * answers without a look at them; `hidden` keeps it from the planner, whose plan is then the same for all words.
 */
export function conditionsOf(
  terms: NamedTerm[],
  { trashed = false, hidden = false }: { trashed?: boolean; hidden?: boolean } = {},
): Prisma.Sql[] {
  if (terms.length === 0) return [Prisma.sql`FALSE`];
  const wanted = terms.filter((term) => !term.negated);
  const unwanted = terms.filter((term) => term.negated);
  const others = wanted.filter((term) => term.part !== null || hasName(term));
  const plain = wanted.filter((term) => !others.includes(term));
  const place = Prisma.raw(trashed ? 'trashed' : 'NOT trashed');
  const conditions = [place, ...others.map((term) => has(term, hidden)), ...unwanted.flatMap(lacks)];
  if (plain.length > 0) {
    const without = unwanted.length > 0 ? ` & !(${each(unwanted, '|')})` : '';
    conditions.push(
      Prisma.sql`d.words @@ ${asked(Prisma.sql`${each(plain, '&') + without}::tsquery`, hidden)}`,
    );
  } else if (unwanted.length > 0) {
    // An index tells who has a word, not who has not.
    conditions.push(Prisma.sql`d.document_id NOT IN (
      SELECT n.document_id FROM document_search n WHERE ${place} AND n.words @@ ${each(unwanted, '|')}::tsquery)`);
  }
  return conditions;
}

/**
 * The condition that the documents `d`, in the trash or out of it, have what a query asks for (`search=` of
 * lists); null where it asks for nothing.
 */
export async function searchCondition(
  client: Database | Transaction,
  query: string | undefined,
  o: { trashed: boolean },
): Promise<Prisma.Sql | null> {
  if (query === undefined || query.trim() === '') return null;
  const terms = await createReadTerms({ client })(parseQuery(query));
  const conditions = conditionsOf(await nameTerms(client, terms), o);
  return Prisma.sql`d.id IN (SELECT d.document_id FROM document_search d WHERE ${Prisma.join(conditions, ' AND ')})`;
}
