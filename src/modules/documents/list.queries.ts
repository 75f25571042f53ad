import { type Database, prepared, readRows } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import type { SessionUser } from '../../http/request.ts';
import { searchCondition } from '../search/search-condition.ts';
import { type Counted, countOf, isCountedFor } from './counts.queries.ts';
import { columns, type DocumentRow, joins, toAnswer } from './documents.queries.ts';
import { type DocumentAnswer, isDay, type ListQuery, toMoment } from './documents.schemas.ts';
import { visibleTo } from './visibility.ts';

interface Asked {
  user: SessionUser;
  query: ListQuery;
}

const dayMs = 24 * 60 * 60 * 1000;

/** The conditions on when the documents `d` were created. */
export function createdBounds({
  created_after,
  created_before,
}: Pick<ListQuery, 'created_after' | 'created_before'>): Prisma.Sql[] {
  const bounds: Prisma.Sql[] = [];
  if (created_after) bounds.push(Prisma.sql`d.created_at >= ${toMoment(created_after)}`);
  if (created_before) {
    const last = toMoment(created_before);
    bounds.push(
      isDay(created_before)
        ? Prisma.sql`d.created_at < ${new Date(last.getTime() + dayMs)}`
        : Prisma.sql`d.created_at <= ${last}`,
    );
  }
  return bounds;
}

const isTrash = ({ trashed }: ListQuery) => trashed === 'true' || trashed === '1';
const isAscending = ({ order }: ListQuery) => order.toUpperCase() === 'ASC';

/** The filters by what documents are counted by, each with its condition on documents `d`. */
function counted(query: ListQuery): { by: Counted; condition: Prisma.Sql }[] {
  const filters: { by: Counted; condition: Prisma.Sql }[] = [];
  if (isTrash(query))
    filters.push({ by: { dimension: 'trash' }, condition: Prisma.sql`d.trashed_at IS NOT NULL` });
  const { document_type_id: type, correspondent_id: correspondent, tag_id: tag, status } = query;
  if (type)
    filters.push({
      by: { dimension: 'type', id: type },
      condition: Prisma.sql`d.document_type_id = ${type}`,
    });
  if (correspondent)
    filters.push({
      by: { dimension: 'correspondent', id: correspondent },
      condition: Prisma.sql`d.correspondent_id = ${correspondent}`,
    });
  if (tag)
    filters.push({
      by: { dimension: 'tag', id: tag },
      condition: Prisma.sql`EXISTS (SELECT 1 FROM document_tags x WHERE x.document_id = d.id AND x.tag_id = ${tag})`,
    });
  if (status)
    filters.push({
      by: { dimension: 'status', status },
      condition: Prisma.sql`d.validation_status = ${status}`,
    });
  return filters;
}

/** What the list is counted by without a look at a row; null where the rows have to be counted. */
function knownCount({ user, query }: Asked): Counted | null {
  const filters = counted(query);
  if (!isCountedFor(user) || filters.length > 1) return null;
  if (query.search || query.created_after || query.created_before) return null;
  return filters[0]?.by ?? { dimension: 'all' };
}

function conditions({ user, query }: Asked): Prisma.Sql {
  const all = [visibleTo(user), ...counted(query).map((filter) => filter.condition), ...createdBounds(query)];
  if (!isTrash(query)) all.push(Prisma.sql`d.trashed_at IS NULL`);
  if (query.search) all.push(Prisma.sql`d.id = ANY((SELECT ids FROM found)::int[])`);
  return Prisma.join(all, ' AND ');
}

/** The order of the rows `alias`, stable by id. Words of ours only: nothing here comes from the request. */
function ordering(query: ListQuery, alias: 'd' | 'r'): Prisma.Sql {
  const direction = isAscending(query) ? 'ASC' : 'DESC';
  const column = {
    id: `${alias}.id ${direction}`,
    // As people sort: é beside e, whatever the collation of the database.
    title: `${alias}.title COLLATE "und-x-icu" ${direction}`,
    created_at: `${alias}.created_at ${direction}`,
    updated_at: `${alias}.updated_at ${direction}`,
    document_date: `${alias}.document_date ${direction} NULLS LAST`,
    amount: `${alias}.amount ${direction} NULLS LAST`,
  }[query.order_by];
  return Prisma.raw(`${column}, ${alias}.id ${direction}`);
}

/** Rows that are read one by one before a page: as many as the largest page has. */
const near = 100;
/** From here on, the spans find a page of all documents sooner than a walk to it. */
const far = 2000;

const offsetOf = ({ page, per_page }: ListQuery) => (page - 1) * per_page;

/** The documents `d` of a page near the beginning, found and read in one walk. */
function nearPage(asked: Asked): Prisma.Sql {
  const { user, query } = asked;
  // A tag's documents stand in the order of their creation in an index of their own. Who sees only their own
  // reads those instead: they are few.
  const byTag =
    user.isAdmin && query.tag_id && query.order_by === 'created_at' && !query.search
      ? Prisma.sql`
        FROM document_tags o JOIN documents d ON d.id = o.document_id
        WHERE o.tag_id = ${query.tag_id} AND ${conditions({ user, query: { ...query, tag_id: undefined } })}
        ORDER BY ${Prisma.raw(isAscending(query) ? 'o.created_at, o.document_id' : 'o.created_at DESC, o.document_id DESC')}`
      : Prisma.sql`FROM documents d WHERE ${conditions(asked)} ORDER BY ${ordering(query, 'd')}`;
  // A limit that stands in the statement: the planner knows that it reads few rows, whatever it is given.
  return Prisma.sql`(
    SELECT * FROM (SELECT d.* ${byTag} LIMIT ${Prisma.raw(`${near}`)}) d
    LIMIT ${query.per_page} OFFSET ${offsetOf(query)}::bigint) d`;
}

/** The documents `d` of any other page: the walk to it visits no row that is not shown, and past the end there is none. */
function distantPage(asked: Asked): Prisma.Sql {
  const { query } = asked;
  const offset = Prisma.sql`${offsetOf(query)}::bigint`;
  return Prisma.sql`(
    SELECT d.id FROM documents d WHERE n.total > ${offset} AND ${conditions(asked)} ORDER BY ${ordering(query, 'd')}
    LIMIT ${query.per_page} OFFSET ${offset}) p JOIN documents d ON d.id = p.id`;
}

/**
 * The documents `d` of a page deep in the list of all documents: the spans tell where in the index it begins, but
 * for some 1,000 entries. They are counted from the newest, so a page of the oldest first is looked for from there.
 */
function spannedPage({ query }: Asked): Prisma.Sql {
  const offset = Prisma.sql`${offsetOf(query)}::bigint`;
  const skip = isAscending(query)
    ? Prisma.sql`greatest(n.total - ${offset} - ${query.per_page}::bigint, 0)`
    : offset;
  return Prisma.sql`(
    SELECT p.id FROM (
      SELECT ${skip} AS skip, greatest(least(n.total - ${offset}, ${query.per_page}::bigint), 0) AS take) w
    CROSS JOIN LATERAL (
      SELECT s.created_at, s.document_id, s.before FROM document_span_places s
      WHERE s.before <= w.skip ORDER BY s.before DESC, s.created_at, s.document_id LIMIT 1) s
    CROSS JOIN LATERAL (
      SELECT d.id FROM documents d
      WHERE d.trashed_at IS NULL AND (d.created_at, d.id) <= (s.created_at, s.document_id)
      ORDER BY d.created_at DESC, d.id DESC LIMIT w.take OFFSET w.skip - s.before) p
    LIMIT ${Prisma.raw(`${near}`)}) p JOIN documents d ON d.id = p.id`;
}

/**
 * Whether one plan serves all values of a page near the beginning: it does where an index is both the filter and the
 * order. What a member asks for but their newest is left out: their documents may be the fewer, or what they ask for.
 */
function isPlannedOnce(asked: Asked): boolean {
  const { user, query } = asked;
  const known = knownCount(asked)?.dimension;
  const isByCreation = query.order_by === 'created_at';
  return user.isAdmin
    ? known === 'all' || (known !== undefined && isByCreation)
    : known === 'all' && isByCreation;
}

function pageOf(asked: Asked): { page: Prisma.Sql; isKept: boolean } {
  const { user, query } = asked;
  const offset = offsetOf(query);
  const isByCreation = query.order_by === 'created_at';
  // A member's documents in another order are sorted, all of them, by what their owner's index has of each.
  if (offset + query.per_page <= near && (user.isAdmin || isByCreation))
    return { page: nearPage(asked), isKept: isPlannedOnce(asked) };
  const isWhole = user.isAdmin && knownCount(asked)?.dimension === 'all';
  if (offset > far && isWhole && isByCreation) return { page: spannedPage(asked), isKept: true };
  return { page: distantPage(asked), isKept: false };
}

/** One page of the documents a user may see, and how many there are in all; both of one moment. */
export async function listDocuments(
  db: Database,
  { user, query: given }: Asked,
): Promise<{ documents: DocumentAnswer[]; total: number }> {
  const search = await searchCondition(db, given.search, { trashed: isTrash(given) });
  const query = search ? given : { ...given, search: undefined };
  const asked = { user, query };
  const found = search
    ? Prisma.sql`WITH found AS MATERIALIZED (SELECT ARRAY(SELECT d.id FROM documents d WHERE ${search}) AS ids)`
    : Prisma.empty;

  const known = knownCount(asked);
  const total = known
    ? countOf(user, known)
    : Prisma.sql`(SELECT count(*)::int FROM documents d WHERE ${conditions(asked)})`;
  const { page, isKept } = pageOf(asked);
  const statement = Prisma.sql`
    ${isKept ? prepared : Prisma.empty} ${found}
    SELECT n.total, r.* FROM (SELECT ${total} AS total OFFSET 0) n
    LEFT JOIN LATERAL (SELECT ${columns} FROM ${page} ${joins}) r ON TRUE
    ORDER BY ${ordering(query, 'r')}`;
  const rows = await readRows<DocumentRow & { total: number }>(db, statement);
  const documents = rows.flatMap((row) => (row.id === null ? [] : [toAnswer(row)]));
  return { documents, total: rows[0]?.total ?? 0 };
}
