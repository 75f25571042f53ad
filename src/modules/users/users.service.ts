import { randomBytes } from 'node:crypto';
import type { Database, Transaction } from '../../database/client.ts';
import { hashPassword, requireGoodPassword } from './password.ts';
import { normalizeUsername } from './username.ts';
import {
  invalidUsername,
  lastAdministrator,
  userNotFound,
  usernameTaken,
  usernameText,
} from './users.errors.ts';

/** A user as administrators see one; the hash stays in the database. */
export interface User {
  id: number;
  username: string;
  displayName: string;
  email: string | null;
  isAdmin: boolean;
  isActive: boolean;
  createdAt: Date;
  updatedAt: Date;
}

export interface NewUser {
  username: string;
  password: string;
  displayName?: string | undefined;
  email?: string | null | undefined;
  isAdmin?: boolean | undefined;
}

export type UserChanges = { [K in keyof NewUser]?: NewUser[K] | undefined } & {
  isActive?: boolean | undefined;
};

export type UsersService = ReturnType<typeof createUsersService>;

const shown = {
  id: true,
  username: true,
  displayName: true,
  email: true,
  isAdmin: true,
  isActive: true,
  createdAt: true,
  updatedAt: true,
} as const;

/** What is left out of an input stays out of the statement. */
function given<T extends object>(values: T) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** The SQLSTATE behind an error of Prisma. */
function sqlState(error: unknown): string | undefined {
  const { meta } = error as { meta?: { driverAdapterError?: { cause?: { originalCode?: string } } } };
  return meta?.driverAdapterError?.cause?.originalCode;
}

/** What the database alone can decide, whatever runs beside: unique names, and the trigger's CL001. */
function explain(error: unknown): never {
  if (sqlState(error) === '23505') throw usernameTaken({ cause: error });
  if (sqlState(error) === 'CL001') throw lastAdministrator({ cause: error });
  throw error;
}

/** The users of contract §3. Every method's errors are those of `users.errors.ts`. */
export function createUsersService({ db }: { db: Database }) {
  async function insert(tx: Transaction, user: NewUser, passwordHash: string): Promise<User> {
    const { username, email = null, isAdmin = false, displayName = username } = user;
    const data = { username, displayName, email, isAdmin, passwordHash };
    return tx.user.create({ data, select: shown }).catch(explain);
  }

  async function get(id: number): Promise<User> {
    const user = await db.user.findUnique({ where: { id }, select: shown });
    if (!user) throw userNotFound();
    return user;
  }

  /** `username` is a normalised one; throws `users.username_taken` (409), `users.weak_password` (400). */
  async function create(user: NewUser): Promise<User> {
    requireGoodPassword({ ...user, field: 'password' });
    return insert(db, user, await hashPassword(user.password));
  }

  /** A new password or a deactivation ends the user's sessions in the same transaction. */
  async function patch(id: number, { password, ...changes }: UserChanges): Promise<User> {
    const before = await get(id);
    let passwordHash: string | undefined;
    if (password !== undefined) {
      requireGoodPassword({ password, username: changes.username ?? before.username, field: 'password' });
      passwordHash = await hashPassword(password);
    }
    return db.$transaction(async (tx) => {
      const data = given({ ...changes, passwordHash });
      // Locks the row first: a session being opened at this moment is seen by the deletion, or sees the change.
      const user = await tx.user.update({ where: { id }, data, select: shown }).catch(explain);
      if (passwordHash !== undefined || !user.isActive)
        await tx.session.deleteMany({ where: { userId: id } });
      return user;
    });
  }

  return {
    get,
    create,
    patch,

    /** One page, by username. */
    async list({
      page,
      perPage,
    }: {
      page: number;
      perPage: number;
    }): Promise<{ rows: User[]; total: number }> {
      const [rows, total] = await Promise.all([
        db.user.findMany({
          select: shown,
          orderBy: { username: 'asc' },
          skip: (page - 1) * perPage,
          take: perPage,
        }),
        db.user.count(),
      ]);
      return { rows, total };
    },

    /** What DELETE does: users own documents, so the row stays. */
    deactivate: (id: number) => patch(id, { isActive: false }),

    /**
     * The administrator of a first start (contract §3): only where there is no user at all, once, however many
     * servers start. Answers with the password it made up where none was given, for `main` to print; undefined
     * where there was nothing to do. Throws `users.invalid_username`, `users.weak_password`.
     */
    async ensureFirstAdministrator(o: {
      username: string;
      password: string | undefined;
    }): Promise<{ username: string; generatedPassword: string | undefined } | undefined> {
      if (await db.user.findFirst({ select: { id: true } })) return undefined;
      const username = normalizeUsername(o.username);
      if (username === undefined) throw invalidUsername({ fields: { username: [usernameText] } });
      const generatedPassword = o.password === undefined ? randomBytes(15).toString('base64url') : undefined;
      const password = o.password ?? generatedPassword ?? '';
      requireGoodPassword({ password, username, field: 'password' });
      const passwordHash = await hashPassword(password);
      return db.$transaction(async (tx) => {
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('classeur.first_administrator'))`;
        if (await tx.user.findFirst({ select: { id: true } })) return undefined;
        await insert(tx, { username, password, isAdmin: true }, passwordHash);
        return { username, generatedPassword };
      });
    },
  };
}
