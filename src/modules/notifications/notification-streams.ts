import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../database/client.ts';
import type { Listener } from '../../database/listener.ts';
import type { Locale } from '../../errors.ts';
import type { EventStream } from '../../http/event-stream.ts';
import type { SessionUser } from '../../http/request.ts';
import { countUnread, findNewestIds, findNotificationsById } from './notifications.queries.ts';
import { presentNotification } from './present-notification.ts';

/** One more, and the oldest of the user's streams ends. */
const streamsOfUser = 10;
/** ms: a browser whose stream made room for another is not to take that one's place at once */
const makeRoomMs = 5 * 60_000;
/** Of what a stream missed, the newest that it is still given. */
const mostMissed = 200;
/** Told in one go; those who read along have read it before the next. */
const mostAtOnce = 200;
/** ms between two tries when the database does not answer */
const retryMs = 1_000;

interface Seat {
  stream: EventStream;
  locale: Locale;
  /** who the session belongs to now; undefined once it has ended */
  readUser: () => Promise<SessionUser | undefined>;
  lastEventId: number | undefined;
  /** what it was given or is not to be given, as far as it could come again; null before it has begun */
  known: Set<number> | null;
}

/** The streams of one user on this server, and what they are still to be told. */
interface Room {
  userId: number;
  /** the oldest first */
  seats: Set<Seat>;
  ids: Set<number>;
  unread: boolean;
  /** something may have been missed */
  missed: boolean;
  working: boolean;
}

export type NotificationStreams = Awaited<ReturnType<typeof createNotificationStreams>>;

/**
 * Tells the open streams of each user, on whatever server, what was just committed: each notification once, by
 * its own id, for one with a lower id may be committed later. What was missed while this server's connection was
 * lost is looked up when it is back. Nothing is told to a session that has ended, or of a document that the user
 * may no longer see.
 */
export async function createNotificationStreams({
  db,
  listener,
  log,
}: {
  db: Database;
  listener: Listener;
  log: { error(details: object, message: string): void };
}) {
  const rooms = new Map<number, Room>();

  await listener.listen('classeur_notifications', {
    onMessage(payload) {
      const [userId, id] = payload.split(':');
      const room = rooms.get(Number(userId));
      if (!room) return;
      if (id) room.ids.add(Number(id));
      else room.unread = true;
      void work(room);
    },
    onReconnect() {
      for (const room of rooms.values()) {
        room.missed = true;
        room.unread = true;
        void work(room);
      }
    },
  });

  const hasNews = ({ seats, ids, unread, missed }: Room) =>
    seats.size > 0 && (ids.size > 0 || unread || missed || [...seats].some(({ known }) => known === null));

  /** One at a time for a user, until there is nothing left to tell. */
  async function work(room: Room): Promise<void> {
    if (room.working) return;
    room.working = true;
    while (hasNews(room)) {
      const { unread, missed } = room;
      const ids = [...room.ids].slice(0, mostAtOnce);
      for (const id of ids) room.ids.delete(id);
      room.unread = false;
      room.missed = false;
      try {
        await tell(room, { ids, unread, missed });
      } catch (error) {
        log.error({ err: error }, 'notifications could not be streamed');
        for (const id of ids) room.ids.add(id);
        room.unread = true;
        room.missed = true;
        await delay(retryMs, undefined, { ref: false });
      }
    }
    room.working = false;
  }

  async function tell(
    { userId, seats }: Room,
    { ids, unread, missed }: { ids: number[]; unread: boolean; missed: boolean },
  ): Promise<void> {
    const fresh = [...seats].filter(({ known }) => known === null);
    const newest = missed || fresh.length > 0 ? await findNewestIds(db, { userId, limit: mostMissed }) : [];
    for (const seat of fresh) {
      const from = seat.lastEventId ?? Number.POSITIVE_INFINITY;
      seat.known = new Set(newest.filter((id) => id <= from));
    }
    const told = [...seats].filter(({ known }) => known !== null);
    const users = await Promise.all(told.map((seat) => seat.readUser()));
    for (const [index, seat] of told.entries()) if (!users[index]) seat.stream.end();
    const user = users.find((one) => one !== undefined);
    if (!user) return;

    const news = [...new Set([...ids, ...newest])].filter((id) => told.some(({ known }) => !known?.has(id)));
    const rows = news.length > 0 ? await findNotificationsById(db, { user, ids: news }) : [];
    const counts = unread || fresh.length > 0 ? await countUnread(db, user) : null;
    for (const seat of told) {
      const { stream, locale, known } = seat;
      if (counts && (unread || fresh.includes(seat))) stream.send({ event: 'unread', data: counts });
      for (const row of rows) {
        if (known?.has(row.id)) continue;
        stream.send({ id: row.id, event: 'notification', data: presentNotification(row, locale) });
      }
      seat.known = withoutOld([...(known ?? []), ...news]);
    }
  }

  return {
    /**
     * Gives a user's stream what they are told from now on, and first what is newer than `lastEventId`. It begins
     * with the event `unread`, which comes again when something was read.
     */
    join({ userId, ...o }: Omit<Seat, 'known'> & { userId: number }): void {
      const room = rooms.get(userId) ?? emptyRoom(userId);
      rooms.set(userId, room);
      const [oldest] = room.seats;
      if (oldest && room.seats.size >= streamsOfUser) oldest.stream.end({ retryMs: makeRoomMs });
      const seat: Seat = { ...o, known: null };
      room.seats.add(seat);
      const leave = () => {
        room.seats.delete(seat);
        if (room.seats.size === 0 && rooms.get(userId) === room) rooms.delete(userId);
      };
      seat.stream.over.addEventListener('abort', leave);
      if (seat.stream.over.aborted) leave();
      else void work(room);
    },
  };
}

function emptyRoom(userId: number): Room {
  return { userId, seats: new Set(), ids: new Set(), unread: false, missed: false, working: false };
}

/** The ids that a look for missed ones could still find, twice over. */
function withoutOld(ids: number[]): Set<number> {
  if (ids.length <= 4 * mostMissed) return new Set(ids);
  return new Set(ids.sort((one, other) => other - one).slice(0, 2 * mostMissed));
}
