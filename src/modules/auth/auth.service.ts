import type { Database } from '../../database/client.ts';
import type { SessionUser } from '../../http/request.ts';
import { recordAudit } from '../audit/record-audit.ts';
import type { Credentials, ProvedUser } from '../users/credentials.ts';
import { requireGoodPassword } from '../users/password.ts';
import { normalizeUsername } from '../users/username.ts';
import { incorrectText, invalidCredentials, wrongCurrentPassword } from './auth.errors.ts';
import type { LoginGuard } from './login-guard.ts';

export type AuthService = ReturnType<typeof createAuthService>;

/**
 * Signing in and changing one's password (contract §3); both are guarded against guessing, and every attempt that
 * the guard lets pass is in the audit log.
 */
export function createAuthService({
  db,
  credentials,
  guard,
}: {
  db: Database;
  credentials: Credentials;
  guard: LoginGuard;
}) {
  /** A name that is no user's is not written down: it may be a password, typed into the wrong field. */
  async function recordFailure({ username, address }: { username: string; address: string }): Promise<void> {
    const [known] = await db.$queryRaw<{ id: number }[]>`
      SELECT id FROM users WHERE lower(username) = lower(${normalizeUsername(username) ?? ''})`;
    await recordAudit(db, {
      actor: { user: null, address },
      action: 'auth.login',
      ...(known && { objectType: 'user', objectId: known.id }),
      outcome: 'refused',
    });
  }

  return {
    /** `address` is the caller's. Throws `auth.invalid_credentials` (401), `auth.locked` (429). */
    async login(o: { username: string; password: string; address: string }): Promise<ProvedUser> {
      const proved = await guard.attempt(o, () => credentials.prove(o));
      if (!proved) {
        await recordFailure(o);
        throw invalidCredentials();
      }
      // Before there is a session: none is opened that is not in the log.
      const { user } = proved;
      await recordAudit(db, {
        actor: { user, address: o.address },
        action: 'auth.login',
        objectType: 'user',
        objectId: user.id,
        outcome: 'success',
      });
      return proved;
    },

    /**
     * Ends all sessions of the user, the caller's included: open it anew with the proof this answers with.
     * Throws `users.weak_password`, `auth.wrong_current_password` (400), `auth.locked` (429).
     */
    async changePassword(o: {
      user: SessionUser;
      currentPassword: string;
      newPassword: string;
      address: string;
    }): Promise<ProvedUser> {
      const { username } = o.user;
      requireGoodPassword({ password: o.newPassword, username, field: 'new_password' });
      const wrong = () => wrongCurrentPassword({ fields: { current_password: [incorrectText] } });
      const proved = await guard.attempt({ username, address: o.address }, () =>
        credentials.prove({ username, password: o.currentPassword }),
      );
      if (!proved) {
        const actor = { user: o.user, address: o.address };
        await recordAudit(db, { actor, action: 'auth.password', outcome: 'refused' });
        throw wrong();
      }
      const renewed = await credentials.changePassword(proved, o);
      if (!renewed) throw wrong();
      return renewed;
    },

    /** For the housekeeping: forgets guesses and addresses of long ago. */
    purgeAttempts: guard.purge,
  };
}
