import type { Database } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import type { SessionUser } from '../../http/request.ts';
import { visibleTo } from '../documents/visibility.ts';
import { priorities, type UnreadCounts } from './notifications.schemas.ts';
import type { Priority } from './notify.ts';
import type { NotificationRow } from './present-notification.ts';

type Reader = Pick<SessionUser, 'id' | 'isAdmin' | 'seesMore'>;

const columns = Prisma.sql`n.id, n.kind, n.priority, n.document_id, n.params, n.read_at, n.created_at`;

/**
 * The notifications `n` of a user, but for those of documents that they may no longer see: these tell nothing
 * any more, and are not counted. The database looks at each document on its own, which suits a page; where all
 * are counted, `all` makes it look at all documents at once.
 */
function toldTo(user: Reader, { all = false } = {}): Prisma.Sql {
  if (user.isAdmin) return Prisma.sql`n.user_id = ${user.id}`;
  const visible = Prisma.sql`(SELECT TRUE FROM documents d WHERE d.id = n.document_id AND ${visibleTo(user)})`;
  return Prisma.sql`n.user_id = ${user.id}
    AND (n.document_id IS NULL OR ${all ? Prisma.sql`EXISTS ${visible}` : visible})`;
}

/** The newest first. */
export function findNotifications(
  db: Database,
  { user, limit, offset }: { user: Reader; limit: number; offset: number },
): Promise<NotificationRow[]> {
  return db.$queryRaw<NotificationRow[]>`
    SELECT ${columns} FROM notifications n WHERE ${toldTo(user)}
    ORDER BY n.id DESC LIMIT ${limit} OFFSET ${offset}`;
}

/** Those of some ids, the oldest first. */
export function findNotificationsById(
  db: Database,
  { user, ids }: { user: Reader; ids: number[] },
): Promise<NotificationRow[]> {
  return db.$queryRaw<NotificationRow[]>`
    SELECT ${columns} FROM notifications n WHERE ${toldTo(user)} AND n.id = ANY(${ids}) ORDER BY n.id`;
}

/** The most urgent first, then the newest: one look into the index for each priority. */
export function findUnread(
  db: Database,
  { user, limit }: { user: Reader; limit: number },
): Promise<NotificationRow[]> {
  const each = priorities.map(
    (priority) => Prisma.sql`(
      SELECT ${columns} FROM notifications n
      WHERE ${toldTo(user)} AND n.read_at IS NULL AND n.priority = ${priority}
      ORDER BY n.id DESC LIMIT ${limit})`,
  );
  return db.$queryRaw<NotificationRow[]>`
    SELECT * FROM (${Prisma.join(each, ' UNION ALL ')}) unread
    ORDER BY array_position(${[...priorities]}, priority), id DESC LIMIT ${limit}`;
}

export async function countUnread(db: Database, user: Reader): Promise<UnreadCounts> {
  const rows = await db.$queryRaw<{ priority: Priority; count: number }[]>`
    SELECT n.priority, count(*)::int AS count FROM notifications n
    WHERE ${toldTo(user, { all: true })} AND n.read_at IS NULL GROUP BY n.priority`;
  const byPriority = { urgent: 0, high: 0, normal: 0, low: 0 };
  for (const { priority, count } of rows) byPriority[priority] = count;
  return { count: rows.reduce((sum, row) => sum + row.count, 0), by_priority: byPriority };
}

/** Of all that were told, whether or not they still may be: the ids of the newest. */
export async function findNewestIds(
  db: Database,
  { userId, limit }: { userId: number; limit: number },
): Promise<number[]> {
  const rows = await db.$queryRaw<{ id: number }[]>`
    SELECT id FROM notifications WHERE user_id = ${userId} ORDER BY id DESC LIMIT ${limit}`;
  return rows.map((row) => row.id);
}

/** Marks one, or all, of a user's as read; answers with how many were unread. */
export function markRead(db: Database, { user, id }: { user: Reader; id?: number }): Promise<number> {
  const all = id === undefined;
  const which = all ? Prisma.sql`TRUE` : Prisma.sql`n.id = ${id}`;
  return db.$executeRaw`
    UPDATE notifications n SET read_at = now()
    WHERE ${toldTo(user, { all })} AND n.read_at IS NULL AND ${which}`;
}

/** Read ones are kept for half a year, the others for two. */
export function purgeOld(db: Database): Promise<number> {
  return db.$executeRaw`
    DELETE FROM notifications
    WHERE created_at < now() - interval '180 days'
      AND (read_at IS NOT NULL OR created_at < now() - interval '2 years')`;
}
