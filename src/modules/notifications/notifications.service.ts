import type { Database } from '../../database/client.ts';
import type { Locale } from '../../errors.ts';
import type { SessionUser } from '../../http/request.ts';
import { notificationNotFound } from './notifications.errors.ts';
import {
  countUnread,
  findNotifications,
  findNotificationsById,
  findUnread,
  markRead,
  purgeOld,
} from './notifications.queries.ts';
import type { NotificationAnswer, UnreadCounts } from './notifications.schemas.ts';
import { presentNotification } from './present-notification.ts';

/** Unread ones that are shown beside their number. */
const unreadShown = 50;

export type NotificationsService = ReturnType<typeof createNotificationsService>;

/** What a user was told (seed 004 “Notifications”), in the language they read it in. */
export function createNotificationsService({ db }: { db: Database }) {
  return {
    async list({
      locale,
      ...page
    }: {
      user: SessionUser;
      locale: Locale;
      limit: number;
      offset: number;
    }): Promise<NotificationAnswer[]> {
      const rows = await findNotifications(db, page);
      return rows.map((row) => presentNotification(row, locale));
    },

    async unread({
      user,
      locale,
    }: {
      user: SessionUser;
      locale: Locale;
    }): Promise<UnreadCounts & { notifications: NotificationAnswer[] }> {
      const [counts, rows] = await Promise.all([
        countUnread(db, user),
        findUnread(db, { user, limit: unreadShown }),
      ]);
      return { ...counts, notifications: rows.map((row) => presentNotification(row, locale)) };
    },

    /** Throws `notifications.not_found`, for another's too. Again is fine. */
    async read({ user, id, locale }: { user: SessionUser; id: number; locale: Locale }) {
      await markRead(db, { user, id });
      const [row] = await findNotificationsById(db, { user, ids: [id] });
      if (!row) throw notificationNotFound();
      return presentNotification(row, locale);
    },

    /** Answers with how many were unread. */
    readAll: (user: SessionUser): Promise<number> => markRead(db, { user }),

    /** For the housekeeping: read ones are kept for half a year, the others for two. */
    purge: (): Promise<number> => purgeOld(db),
  };
}
