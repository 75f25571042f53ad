import type { Database } from '../../database/client.ts';
import type { SessionUser } from '../../http/request.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { transact } from '../documents/transact.ts';
import { seesMore } from '../documents/visibility.ts';
import { hashPassword, verifyPassword } from './password.ts';
import { normalizeUsername } from './username.ts';

/** Who proved to know the password, with the hash it was proved against: a session opens only while it still holds. */
export interface ProvedUser {
  user: SessionUser;
  passwordHash: string;
}

export type Credentials = ReturnType<typeof createCredentials>;

/** Proves and replaces passwords (contract §3); what sessions are opened on. */
export function createCredentials({ db }: { db: Database }) {
  return {
    /** The active user of these credentials; whether name, password or state is wrong, the same time and answer. */
    async prove({
      username,
      password,
    }: {
      username: string;
      password: string;
    }): Promise<ProvedUser | undefined> {
      const [row] = await db.$queryRaw<(ProvedUser['user'] & { passwordHash: string; isActive: boolean })[]>`
        SELECT id, username, display_name AS "displayName", email, is_admin AS "isAdmin", ${seesMore} AS "seesMore",
               is_active AS "isActive", password_hash AS "passwordHash"
        FROM users u WHERE lower(username) = lower(${normalizeUsername(username) ?? ''})`;
      const matches = await verifyPassword(password, row?.passwordHash);
      if (!row || !matches || !row.isActive) return undefined;
      const { passwordHash, isActive: _, ...user } = row;
      return { user, passwordHash };
    },

    /**
     * Replaces the password that `proved` knows and ends all of the user's sessions. Answers with the new
     * proof, or undefined when somebody else changed the user meanwhile.
     */
    async changePassword(
      proved: ProvedUser,
      { newPassword, address }: { newPassword: string; address: string },
    ): Promise<ProvedUser | undefined> {
      const { id } = proved.user;
      const passwordHash = await hashPassword(newPassword);
      return transact(db, async (tx) => {
        const { count } = await tx.user.updateMany({
          where: { id, passwordHash: proved.passwordHash, isActive: true },
          data: { passwordHash },
        });
        if (count === 0) return undefined;
        await tx.session.deleteMany({ where: { userId: id } });
        await recordAudit(tx, {
          actor: { user: proved.user, address },
          action: 'auth.password',
          objectType: 'user',
          objectId: id,
          outcome: 'success',
        });
        return { ...proved, passwordHash };
      });
    },
  };
}
