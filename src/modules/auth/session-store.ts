import { createHash } from 'node:crypto';
import type fastifySession from '@fastify/session';
import { type Database, prepared, readRows } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import type { SessionUser } from '../../http/request.ts';
import { seesMore } from '../documents/visibility.ts';
import type { ProvedUser } from '../users/credentials.ts';
import { invalidCredentials } from './auth.errors.ts';

/** A session ends after this long without a request, */
export const idleSeconds = 12 * 60 * 60;
/** and after this long whatever happens. */
export const absoluteSeconds = 7 * 24 * 60 * 60;
/** `last_seen_at` is written at most this often. */
export const seenSeconds = 60;

declare module 'fastify' {
  interface Session {
    /** who the session belongs to, as the store read it with this request */
    user?: SessionUser;
    /** set once, when a session is opened: what `set` makes its row from */
    proved?: ProvedUser;
  }
}

export type SessionStore = ReturnType<typeof createSessionStore>;

/** The table alone opens no session. */
const rowId = (sessionId: string) => createHash('sha256').update(sessionId).digest('hex');

/**
 * The sessions of contract §3 in PostgreSQL, for @fastify/session; all times are the database's, so that
 * servers with other clocks agree. A session holds nothing but its user, hence there is nothing to update: a
 * request that is under way cannot bring back a session that was ended meanwhile.
 */
export function createSessionStore({ db }: { db: Database }) {
  const userOf = (id: string) => Prisma.sql`
    SELECT u.id, u.username, u.display_name AS "displayName", u.email, u.is_admin AS "isAdmin",
      ${seesMore} AS "seesMore"
    FROM sessions s JOIN users u ON u.id = s.user_id AND u.is_active
    WHERE s.id = ${id} AND s.expires_at > now()
      AND s.last_seen_at > now() - make_interval(secs => ${idleSeconds}::int)`;

  /** The one query of a request: the living session's user, and that it was seen. */
  async function read(sessionId: string): Promise<SessionUser | undefined> {
    const id = rowId(sessionId);
    const statement = Prisma.sql`${prepared}
      WITH seen AS (
        UPDATE sessions SET last_seen_at = now()
        WHERE id = ${id} AND expires_at > now()
          AND last_seen_at < now() - make_interval(secs => ${seenSeconds}::int)
          AND last_seen_at > now() - make_interval(secs => ${idleSeconds}::int))
      ${userOf(id)}`;
    const [user] = await readRows<SessionUser>(db, statement);
    return user;
  }

  /**
   * Only while the user is active and has the very password that was proved. The row lock makes a change of
   * either wait for us, or us for it: then it ends this session too, or this one is not opened.
   */
  async function open(sessionId: string, { user, passwordHash }: ProvedUser): Promise<void> {
    const opened = await db.$executeRaw`
      INSERT INTO sessions (id, user_id, data, expires_at)
      SELECT ${rowId(sessionId)}, u.id, '{}', now() + make_interval(secs => ${absoluteSeconds}::int)
      FROM users u WHERE u.id = ${user.id} AND u.is_active AND u.password_hash = ${passwordHash}
      FOR SHARE`;
    if (opened === 0) throw invalidCredentials();
  }

  const store: fastifySession.SessionStore = {
    get(sessionId, callback) {
      read(sessionId).then(
        (user) => callback(null, user ? { user, cookie: { originalMaxAge: null } } : null),
        // Wrapped: @fastify/session takes an error with code ENOENT (a database's missing socket) for "no session".
        (cause) => callback(new Error('the session cannot be read', { cause })),
      );
    },
    set(sessionId, session, callback) {
      // `regenerate()` stores the new session before it has a user.
      if (!session.proved) return callback();
      open(sessionId, session.proved).then(() => callback(), callback);
    },
    destroy(sessionId, callback) {
      db.session.deleteMany({ where: { id: rowId(sessionId) } }).then(() => callback(), callback);
    },
  };

  return {
    ...store,
    /**
     * The living session's user as they are now, for an answer that goes on for hours: asking is no use of the
     * session.
     */
    async peek(sessionId: string): Promise<SessionUser | undefined> {
      const [user] = await db.$queryRaw<SessionUser[]>(userOf(rowId(sessionId)));
      return user;
    },
    /** Deletes the sessions that have ended by themselves; answers with how many. */
    purgeExpired: (): Promise<number> => db.$executeRaw`
      DELETE FROM sessions
      WHERE expires_at <= now() OR last_seen_at <= now() - make_interval(secs => ${idleSeconds}::int)`,
  };
}
