import type { SessionUser } from '../../http/request.ts';
import type { Credentials, ProvedUser } from '../users/credentials.ts';
import { requireGoodPassword } from '../users/password.ts';
import { incorrectText, invalidCredentials, wrongCurrentPassword } from './auth.errors.ts';
import type { LoginGuard } from './login-guard.ts';

export type AuthService = ReturnType<typeof createAuthService>;

/** Signing in and changing one's password (contract §3); both are guarded against guessing. */
export function createAuthService({ credentials, guard }: { credentials: Credentials; guard: LoginGuard }) {
  return {
    /** `address` is the caller's. Throws `auth.invalid_credentials` (401), `auth.locked` (429). */
    async login(o: { username: string; password: string; address: string }): Promise<ProvedUser> {
      const proved = await guard.attempt(o, () => credentials.prove(o));
      if (!proved) throw invalidCredentials();
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
      if (!proved) throw wrong();
      const renewed = await credentials.changePassword(proved, o.newPassword);
      if (!renewed) throw wrong();
      return renewed;
    },

    /** For the housekeeping: forgets guesses and addresses of long ago. */
    purgeAttempts: guard.purge,
  };
}
