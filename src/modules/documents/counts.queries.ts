import { Prisma } from '../../database/generated/client.ts';
import type { SessionUser } from '../../http/request.ts';
import { visibleTo } from './visibility.ts';

type Reader = Pick<SessionUser, 'id' | 'isAdmin' | 'seesMore'>;

/** Statuses in the order of their keys in the counts. */
const statuses = ['na', 'pending', 'approved', 'rejected'] as const;

/** What documents are counted by; but for `trash`, those in the trash are left out. */
export type Counted =
  | { dimension: 'all' | 'trash' }
  | { dimension: 'type' | 'correspondent' | 'tag'; id: number }
  | { dimension: 'status'; status: (typeof statuses)[number] };

function keyOf(counted: Counted): number {
  if ('id' in counted) return counted.id;
  return 'status' in counted ? statuses.indexOf(counted.status) : 0;
}

/** Whether the counts know what this user sees: they are by owner, and know nothing of what is shared. */
export function isCountedFor(user: Reader): boolean {
  return user.isAdmin || !user.seesMore;
}

const ofOwner = (user: Reader) => (user.isAdmin ? Prisma.empty : Prisma.sql`AND owner_id = ${user.id}`);

/** A dimension's name is in the statement, not among its values: each is a plan of its own. */
const named = (dimension: Counted['dimension']) => Prisma.raw(`dimension = '${dimension}'`);

/**
 * How many documents a user (`isCountedFor`) sees of these: an integer, in SQL. What is folded and what is not yet
 * are of one moment, as long as they are read in one statement.
 */
export function countOf(user: Reader, counted: Counted): Prisma.Sql {
  const where = Prisma.sql`${named(counted.dimension)} AND key = ${keyOf(counted)} ${ofOwner(user)}`;
  return Prisma.sql`(
    coalesce((SELECT sum(count) FROM document_counts WHERE ${where}), 0)
    + coalesce((SELECT sum(change) FROM document_count_changes WHERE ${where}), 0))::int`;
}

/** What each has that may be counted by, of the documents `d`. */
const rowsOf = {
  tag: {
    key: Prisma.sql`x.tag_id`,
    from: Prisma.sql`document_tags x JOIN documents d ON d.id = x.document_id`,
  },
  correspondent: { key: Prisma.sql`d.correspondent_id`, from: Prisma.sql`documents d` },
};

/**
 * How many documents any user sees of each tag or correspondent, or of the one that is named: a table of `key` and
 * `count`, in SQL. Counted row by row for who sees documents of others.
 */
export function countsBy(
  user: Reader,
  { dimension, id }: { dimension: keyof typeof rowsOf; id?: number | undefined },
): Prisma.Sql {
  const only = (key: Prisma.Sql) => (id === undefined ? Prisma.empty : Prisma.sql`AND ${key} = ${id}`);
  if (!isCountedFor(user)) {
    const { key, from } = rowsOf[dimension];
    return Prisma.sql`(
      SELECT ${key} AS key, count(*)::int AS count FROM ${from}
      WHERE ${visibleTo(user)} AND d.trashed_at IS NULL ${only(key)} GROUP BY 1)`;
  }
  const where = Prisma.sql`${named(dimension)} ${only(Prisma.sql`key`)} ${ofOwner(user)}`;
  return Prisma.sql`(
    SELECT key, sum(count)::int AS count FROM (
      SELECT key, count FROM document_counts WHERE ${where}
      UNION ALL SELECT key, change FROM document_count_changes WHERE ${where}) AS counted
    GROUP BY key)`;
}
