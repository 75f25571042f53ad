import { randomBytes } from 'node:crypto';
import type { Database, Transaction } from '../../database/client.ts';
import type { Actor } from '../../http/request.ts';
import { recordAudit, theServer } from '../audit/record-audit.ts';
import { transact } from '../documents/transact.ts';
import { lockUser, setAdministrator } from './administrator.ts';
import { explainConflict } from './explain-conflict.ts';
import { hashPassword, requireGoodPassword } from './password.ts';
import { normalizeUsername } from './username.ts';
import { invalidUsername, userNotFound, usernameText } from './users.errors.ts';

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

/** What may change, as the audit log names it: never what it was or is. */
const columnNames = {
  username: 'username',
  displayName: 'display_name',
  email: 'email',
  isActive: 'is_active',
  passwordHash: 'password',
} as const;

/** What is left out of an input stays out of the statement. */
function given<T extends object>(values: T) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** The actions of the audit log that a change of a user is. */
function actionOf({ isActive }: { isActive?: boolean | undefined }): string {
  if (isActive === undefined) return 'users.change';
  return isActive ? 'users.reactivate' : 'users.deactivate';
}

/**
 * The users of contract §3. Every method's errors are those of `users.errors.ts`; what changes is in the audit log,
 * in the same transaction.
 */
export function createUsersService({ db }: { db: Database }) {
  async function insert(
    tx: Transaction,
    { passwordHash, actor, ...user }: NewUser & { passwordHash: string; actor: Actor },
  ): Promise<User> {
    const { username, email = null, isAdmin = false, displayName = username } = user;
    const data = { username, displayName, email, isAdmin, passwordHash };
    const created = await tx.user.create({ data, select: shown }).catch(explainConflict);
    await record(tx, {
      actor,
      action: 'users.create',
      id: created.id,
      details: { username, is_admin: isAdmin },
    });
    return created;
  }

  function record(
    tx: Transaction,
    o: { actor: Actor; action: string; id: number; details: Record<string, unknown> },
  ): Promise<void> {
    const { actor, action, id: objectId, details } = o;
    return recordAudit(tx, { actor, action, objectType: 'user', objectId, outcome: 'success', details });
  }

  async function get(id: number): Promise<User> {
    const user = await db.user.findUnique({ where: { id }, select: shown });
    if (!user) throw userNotFound();
    return user;
  }

  /** `username` is a normalised one; throws `users.username_taken` (409), `users.weak_password` (400). */
  async function create(user: NewUser, actor: Actor = theServer): Promise<User> {
    requireGoodPassword({ ...user, field: 'password' });
    const passwordHash = await hashPassword(user.password);
    return transact(db, (tx) => insert(tx, { ...user, passwordHash, actor }));
  }

  /** A new password or a deactivation ends the user's sessions in the same transaction. */
  async function patch(
    id: number,
    { password, isAdmin, ...changes }: UserChanges,
    actor: Actor = theServer,
  ): Promise<User> {
    const before = await get(id);
    let passwordHash: string | undefined;
    if (password !== undefined) {
      requireGoodPassword({ password, username: changes.username ?? before.username, field: 'password' });
      passwordHash = await hashPassword(password);
    }
    return transact(db, async (tx) => {
      // Locks the row first: a session being opened at this moment is seen by the deletion, or sees the change.
      if (!(await lockUser(tx, id))) throw userNotFound();
      const locked = await tx.user.findUniqueOrThrow({ where: { id }, select: shown });
      const changed = given({ ...changes, passwordHash });
      for (const key of Object.keys(locked) as (keyof User & keyof typeof changed)[])
        if (changed[key] === locked[key]) delete changed[key];
      const fields = Object.keys(changed).map((key) => columnNames[key as keyof typeof changed]);
      if (fields.length > 0)
        await tx.user.update({ where: { id }, data: changed, select: { id: true } }).catch(explainConflict);
      if (passwordHash !== undefined || changed.isActive === false)
        await tx.session.deleteMany({ where: { userId: id } });
      if (isAdmin !== undefined && isAdmin !== locked.isAdmin)
        await setAdministrator(tx, { userId: id, isAdmin, actor });
      if (fields.length > 0)
        await record(tx, { actor, action: actionOf(changed), id, details: { changed: fields.sort() } });
      return tx.user.findUniqueOrThrow({ where: { id }, select: shown });
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
    deactivate: (id: number, actor?: Actor) => patch(id, { isActive: false }, actor),

    /** One page of the active users, by their names: whom to share with, or to lend to. */
    async directory({ page, perPage }: { page: number; perPage: number }) {
      const where = { isActive: true };
      const [rows, total] = await Promise.all([
        db.user.findMany({
          where,
          select: { id: true, username: true, displayName: true },
          orderBy: [{ displayName: 'asc' }, { id: 'asc' }],
          skip: (page - 1) * perPage,
          take: perPage,
        }),
        db.user.count({ where }),
      ]);
      return { rows, total };
    },

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
      return transact(db, async (tx) => {
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('classeur.first_administrator'))`;
        if (await tx.user.findFirst({ select: { id: true } })) return undefined;
        await insert(tx, { username, password, isAdmin: true, passwordHash, actor: theServer });
        return { username, generatedPassword };
      });
    },
  };
}
