import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { Prisma, PrismaClient } from './generated/client.ts';

export type Database = PrismaClient;
/** The client inside `db.$transaction(async (tx) => …)`: passed all the way down. */
export type Transaction = Prisma.TransactionClient;

/**
 * Begins a statement that each connection plans once and keeps, which is most of the cost of a small one. For
 * statements of few different texts, whose best plan is the same whatever their values.
 */
export const prepared = Prisma.raw('/* prepared */');

/** What the server calls a statement it keeps; without a name it forgets it at once. */
function createStatementNames(): (query: { sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql }) => {
    if (!/^\s*\/\* prepared \*\//.test(sql)) return '';
    const name = names.get(sql) ?? `classeur_${names.size}`;
    names.set(sql, name);
    return name;
  };
}

/**
 * Opens the pool that the whole server shares. `onError` hears of connections lost while idle (a restarted
 * database); the pool replaces them by itself.
 */
export function createDatabase({
  url,
  connections = 16,
  onError,
}: {
  url: string;
  connections?: number;
  onError: (error: Error) => void;
}): { db: Database; close: () => Promise<void> } {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: 'classeur',
    // Dates in SQL mean UTC whatever the database's own setting. A server that freezes in the middle of a
    // transaction does not keep the others waiting for its locks.
    options: '-c timezone=UTC -c idle_in_transaction_session_timeout=60s',
  });
  pool.on('error', onError);
  const db = new PrismaClient({
    adapter: new PrismaPg(pool, { statementNameGenerator: createStatementNames() }),
  });
  return {
    db,
    async close() {
      await db.$disconnect();
      await pool.end();
    },
  };
}
