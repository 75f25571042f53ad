import type { Database } from '../../database/client.ts';
import { callerNetwork } from './address.ts';
import { loginLocked } from './auth.errors.ts';

/** Failures on one account, or from one address, before each further one locks it. */
export const accountThreshold = 5;
export const addressThreshold = 20;
/** The first lock lasts a second, each further one twice as long, none longer than this. */
export const longestLockSeconds = 15 * 60;
/** After this long without a failure or a lock, the count begins anew. */
export const quietSeconds = 15 * 60;
/** How long an address is remembered that a user has signed in from. */
export const knownAddressSeconds = 90 * 24 * 60 * 60;

export type LoginGuard = ReturnType<typeof createLoginGuard>;

/**
 * Slows down and locks guessed logins (contract §3), in `login_attempts`, so that several servers count
 * together. Rows: `address:<network>`, `account:<name>`, and `known:<name>@<network>`, which stands for the
 * account where its user has signed in from that network before: strangers who lock the account do not lock
 * out its user, and every lock ends by itself.
 */
export function createLoginGuard({ db }: { db: Database }) {
  /**
   * Counts an attempt before it is made, so that parallel guesses cannot outrun the count; one on a locked
   * key is not counted, so a lock is never made longer from outside. Answers with the row it counted on.
   */
  async function count(key: string, threshold: number, instead = key): Promise<string> {
    const [counted] = await db.$queryRaw<{ key: string }[]>`
      INSERT INTO login_attempts AS a (key, failures)
      SELECT coalesce((SELECT known.key FROM login_attempts known WHERE known.key = ${instead}), ${key}), 1
      ON CONFLICT (key) DO UPDATE SET (failures, last_failed_at, locked_until) = (
        SELECT n,
               CASE WHEN n = 1 THEN now() ELSE a.last_failed_at END,
               CASE WHEN n >= ${threshold}::int THEN
                 now() + make_interval(secs => least(${longestLockSeconds}::int, 2 ^ least(n - ${threshold}::int, 30)))
               END
        FROM (SELECT CASE WHEN greatest(a.last_failed_at, a.locked_until) < now() - make_interval(secs => ${quietSeconds}::int)
                     THEN 1 ELSE a.failures + 1 END AS n) AS next)
      WHERE a.locked_until IS NULL OR a.locked_until <= now()
      RETURNING a.key`;
    if (counted) return counted.key;
    const [lock] = await db.$queryRaw<{ seconds: number | null }[]>`
      SELECT ceil(extract(epoch FROM max(locked_until) - now()))::int AS seconds
      FROM login_attempts WHERE key IN (${key}, ${instead})`;
    const seconds = Math.max(1, lock?.seconds ?? 1);
    throw loginLocked({ params: { seconds }, headers: { 'Retry-After': String(seconds) } });
  }

  /** The user is who they say: their count is gone, and the address is not blamed for this attempt. */
  async function forgive(keys: { address: string; account: string; known: string }): Promise<void> {
    await db.$executeRaw`
      INSERT INTO login_attempts (key, failures) VALUES (${keys.known}, 0)
      ON CONFLICT (key) DO UPDATE SET failures = 0, last_failed_at = now(), locked_until = NULL`;
    if (keys.account !== keys.known) {
      await db.$executeRaw`DELETE FROM login_attempts WHERE key = ${keys.account}`;
    }
    await db.$executeRaw`
      UPDATE login_attempts
      SET failures = greatest(failures - 1, 0),
          locked_until = CASE WHEN failures > ${addressThreshold}::int THEN locked_until END
      WHERE key = ${keys.address}`;
  }

  return {
    /**
     * Runs `verify`, which answers undefined for wrong credentials, as one counted attempt on `username` from
     * `address`. Throws `auth.locked` (429 with Retry-After) without running it while either is locked.
     */
    async attempt<T>(
      { username, address }: { username: string; address: string },
      verify: () => Promise<T | undefined>,
    ): Promise<T | undefined> {
      // Longer names than a user can have are nobody's; they share a row, cut to what an index can hold.
      const name = username.normalize('NFKC').toLowerCase().slice(0, 130);
      const network = callerNetwork(address);
      const known = `known:${name}@${network}`;
      const addressKey = await count(`address:${network}`, addressThreshold);
      const accountKey = await count(`account:${name}`, accountThreshold, known);
      const result = await verify();
      if (result === undefined) {
        await db.$executeRaw`
          UPDATE login_attempts SET last_failed_at = now() WHERE key IN (${addressKey}, ${accountKey})`;
      } else {
        await forgive({ address: addressKey, account: accountKey, known });
      }
      return result;
    },

    /** Forgets what no longer counts; answers with how many rows went. */
    purge: (): Promise<number> => db.$executeRaw`
      DELETE FROM login_attempts
      WHERE greatest(last_failed_at, locked_until) < now() - make_interval(secs =>
        CASE WHEN key LIKE 'known:%' THEN ${knownAddressSeconds}::int ELSE ${quietSeconds}::int END)`,
  };
}
